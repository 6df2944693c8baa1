ALTER TYPE format ADD VALUE 'audio' BEFORE 'ebook';
