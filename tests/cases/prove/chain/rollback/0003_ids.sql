SELECT 'the view is forgotten';
