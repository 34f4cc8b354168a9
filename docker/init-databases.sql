-- Run once by the PostgreSQL image, on an empty volume.
CREATE DATABASE mlflow;
CREATE DATABASE ledger;
CREATE DATABASE prefect;
\connect prefect
CREATE EXTENSION pg_trgm;
