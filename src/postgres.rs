//! The PostgreSQL server that lessons query.
