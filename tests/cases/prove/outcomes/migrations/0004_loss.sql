DROP INDEX shop_town;
