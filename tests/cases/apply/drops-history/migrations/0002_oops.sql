DROP TABLE refinery_schema_history;
