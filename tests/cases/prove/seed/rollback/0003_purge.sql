SELECT 'they are gone';
