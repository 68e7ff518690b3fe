//! SQLite behind the store port: one folder, one writer
