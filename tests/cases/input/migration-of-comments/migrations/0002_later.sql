-- to be written
/* soon */
;
