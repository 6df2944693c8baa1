SELECT 1; /* never
ends
