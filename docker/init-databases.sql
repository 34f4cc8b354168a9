-- Run once by the PostgreSQL image, on an empty volume: one role with its own password per database, and one that reads.
\set ledger_password `cat "${SECRETS:-/run/secrets}/ledger_password"`
\set mlflow_password `cat "${SECRETS:-/run/secrets}/mlflow_password"`
\set prefect_password `cat "${SECRETS:-/run/secrets}/prefect_password"`
\set metrics_password `cat "${SECRETS:-/run/secrets}/metrics_password"`
CREATE ROLE ledger LOGIN PASSWORD :'ledger_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE ROLE prefect LOGIN PASSWORD :'prefect_password';
CREATE ROLE metrics LOGIN PASSWORD :'metrics_password';
GRANT pg_read_all_stats TO metrics;
CREATE DATABASE ledger OWNER ledger;
CREATE DATABASE mlflow OWNER mlflow;
CREATE DATABASE prefect OWNER prefect;
REVOKE ALL ON DATABASE ledger, mlflow, prefect FROM PUBLIC;
GRANT CONNECT ON DATABASE ledger TO metrics;
\connect ledger
ALTER DEFAULT PRIVILEGES FOR ROLE ledger IN SCHEMA public GRANT SELECT ON TABLES TO metrics;
\connect prefect
CREATE EXTENSION pg_trgm;
