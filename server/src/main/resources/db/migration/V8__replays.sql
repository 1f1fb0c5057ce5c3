-- Replays and how far each has come. Whoever holds the lease runs it; one that is lost is taken over where it stood.
CREATE TABLE bus.replays (
    replay_id       uuid         PRIMARY KEY,
    status          varchar(20)  NOT NULL
        CHECK (status IN ('pending', 'running', 'paused', 'completed', 'cancelled', 'failed')),
    topic           varchar(255) NOT NULL, -- a name or a pattern
    excluded_topics text[]       NOT NULL, -- those that the caller may not read
    start_time      timestamptz  NOT NULL,
    end_time        timestamptz  NOT NULL, -- exclusive, and not after the creation
    filter          jsonb        NOT NULL,
    target_kind     varchar(20)  NOT NULL, -- none (a dry run), file, topic
    target          varchar(255),
    rate_per_second integer,
    matched         bigint,                -- NULL until it is counted
    skipped         bigint       NOT NULL DEFAULT 0,
    replayed        bigint       NOT NULL DEFAULT 0,
    position        uuid         NOT NULL, -- every event before this id is done with
    error           text,
    lease           uuid,
    leased_until    timestamptz,
    created_by      varchar(255) NOT NULL,
    created_at      timestamptz  NOT NULL,
    started_at      timestamptz,
    finished_at     timestamptz
);
CREATE INDEX replays_unfinished ON bus.replays (created_at) WHERE status IN ('pending', 'running');
