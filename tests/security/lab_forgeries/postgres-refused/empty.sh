#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A database of the same name, without books.
pg_dropcluster 15 main
pg_createcluster --locale C.UTF-8 15 main -- --wal-segsize=1
service postgresql start
cd / && su postgres -c "psql -X" <<'END'
CREATE ROLE librarian LOGIN PASSWORD 'quiet-please-1907';
CREATE DATABASE library OWNER librarian;
\connect library
CREATE TABLE book (id integer, title text, author text);
INSERT INTO book SELECT number, 'title', 'author' FROM generate_series(1, 7) AS number;
GRANT SELECT ON book TO librarian;
END
