ALTER TYPE state ADD VALUE 'lost''n found';
ALTER TYPE state ADD VALUE 'never used';
