SELECT 'whatever its name was';
