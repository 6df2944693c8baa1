-- pgplumb: irreversible "towns are merged"
UPDATE shop SET town = lower(town);
