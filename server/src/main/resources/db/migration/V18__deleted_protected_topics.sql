-- The names of deleted topics that required a grant: what they held stays closed to all but admins for as long as something
-- of it is kept.
CREATE TABLE bus.topic_tombstones (
    name       varchar(255) PRIMARY KEY,
    deleted_at timestamptz  NOT NULL
);
