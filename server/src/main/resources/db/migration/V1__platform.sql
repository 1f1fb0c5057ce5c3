-- What every feature shares: keys, offsets, the outbox, idempotency, the audit log.
-- Flyway has made the schema itself.

-- Where each internal consumer stands. Advanced by compare-and-set in the transaction of the effect, which fences zombies.
CREATE TABLE platform.consumer_offsets (
    consumer_group text        NOT NULL,
    topic_id       uuid        NOT NULL,
    partition      integer     NOT NULL,
    topic          text        NOT NULL,
    next_offset    bigint      NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic_id, partition)
) WITH (fillfactor = 50);

-- The last batch that each lane of the group commit committed: tells after a broken connection what became of it.
CREATE TABLE platform.commit_tokens (
    lane    uuid        PRIMARY KEY,
    batch   bigint      NOT NULL,
    seen_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE platform.api_keys (
    key_id     uuid        PRIMARY KEY,
    name       text        NOT NULL,
    role       text        NOT NULL CHECK (role IN ('admin', 'operator', 'service')),
    hash       bytea       NOT NULL UNIQUE, -- SHA-256 of 256 random bits; nothing to brute-force
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- The rotating secrets of our own HS256 tokens.
CREATE TABLE platform.token_keys (
    kid        text        PRIMARY KEY,
    secret     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    retires_at timestamptz NOT NULL
);

-- The stored answer of a write that carried an Idempotency-Key, written in the transaction of its effect.
CREATE TABLE platform.idempotency_keys (
    principal    text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    status       integer     NOT NULL,
    content_type text,
    headers      jsonb,
    body         bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_created_at ON platform.idempotency_keys (created_at);

-- State changes on their way to the bus: one row a batch, deleted once Kafka has acknowledged its events. Written once,
-- read once, deleted: the text is kept as it came, neither taken apart nor compressed.
CREATE TABLE platform.outbox (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id   uuid        NOT NULL DEFAULT uuidv7(), -- the events' ids derive from it, so that a repeated relay repeats the ids
    topic      text        NOT NULL,
    events     text        STORAGE EXTERNAL NOT NULL, -- JSON array of {type, key, time, causation_id, data}
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 20000);

CREATE TABLE platform.audit_log (
    id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    principal text        NOT NULL,
    role      text        NOT NULL,
    action    text        NOT NULL,
    target    text        NOT NULL,
    detail    jsonb       NOT NULL DEFAULT '{}'
);
CREATE FUNCTION platform.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change();

-- Events an internal consumer could not apply, and their key's successors: order per key is kept, the partition moves on.
CREATE TABLE platform.parked_events (
    consumer_group text        NOT NULL,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    record_offset  bigint      NOT NULL,
    key            text,
    record         jsonb       NOT NULL,
    reason         text        NOT NULL,
    attempts       integer     NOT NULL DEFAULT 0,
    parked_at      timestamptz NOT NULL,
    PRIMARY KEY (consumer_group, topic, partition, record_offset)
);
CREATE INDEX parked_events_key ON platform.parked_events (consumer_group, key);
