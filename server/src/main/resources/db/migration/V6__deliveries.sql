-- What is owed to subscribers. A row is written in the transaction that moves the router on, and deleted in the one that
-- records how it ended.
CREATE TABLE bus.pending_deliveries (
    subscription_id uuid         NOT NULL,
    id              bigint       NOT NULL,                 -- ascending in the order of each Kafka partition
    event_id        varchar(100) NOT NULL,
    event_type      varchar(100) NOT NULL,
    topic           varchar(255) NOT NULL,
    key             varchar(255),
    priority        smallint     NOT NULL,                 -- 0 high, 1 normal, 2 low
    body            bytea        STORAGE EXTERNAL NOT NULL, -- the event as it is sent: CloudEvents JSON
    attempts        integer      NOT NULL DEFAULT 0,
    due_at          timestamptz  NOT NULL,
    taken           boolean      NOT NULL,                 -- in the memory of whoever delivers, or leased until due_at
    accepted_at     timestamptz  NOT NULL,
    PRIMARY KEY (subscription_id, id)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX pending_deliveries_event ON bus.pending_deliveries (event_id);
CREATE INDEX pending_deliveries_waiting ON bus.pending_deliveries (subscription_id, id) WHERE NOT taken;

-- A batch takes a block of ids: no two batches ever interleave.
CREATE SEQUENCE bus.delivery_ids INCREMENT BY 10000;

-- One row an attempt.
CREATE TABLE bus.event_deliveries (
    id              uuid             NOT NULL,
    event_id        varchar(100)     NOT NULL,
    subscription_id varchar(100)     NOT NULL,
    attempt_number  integer          NOT NULL,
    status          varchar(20)      NOT NULL,
    method          varchar(20)      NOT NULL,
    response        text,
    error_message   text,
    status_code     integer,
    duration_ms     double precision,
    delivered_at    timestamptz      NOT NULL,
    next_retry_at   timestamptz,
    is_last_attempt boolean          NOT NULL DEFAULT false,
    PRIMARY KEY (id, delivered_at)
) PARTITION BY RANGE (delivered_at);
CREATE INDEX event_deliveries_event ON bus.event_deliveries (event_id);
CREATE INDEX event_deliveries_subscription ON bus.event_deliveries (subscription_id, id);

-- What a subscription has still to get of the time before it was made or rewound to. Routing ignores these partitions
-- for it until it is level.
CREATE TABLE bus.subscription_catch_ups (
    subscription_id uuid         NOT NULL REFERENCES bus.event_subscriptions (id) ON DELETE CASCADE,
    topic_id        uuid         NOT NULL,
    partition       integer      NOT NULL,
    topic           varchar(255) NOT NULL,
    next_offset     bigint       NOT NULL,
    PRIMARY KEY (subscription_id, topic_id, partition)
);

-- What could not be delivered, until somebody redrives or drops it.
CREATE TABLE bus.dead_letters (
    id              uuid         PRIMARY KEY,
    subscription_id uuid         NOT NULL REFERENCES bus.event_subscriptions (id) ON DELETE CASCADE,
    event_id        varchar(100) NOT NULL,
    event_type      varchar(100) NOT NULL,
    topic           varchar(255) NOT NULL,
    key             varchar(255),
    priority        smallint     NOT NULL,
    body            bytea        STORAGE EXTERNAL NOT NULL,
    attempts        integer      NOT NULL,
    reason          text         NOT NULL,
    status_code     integer,
    accepted_at     timestamptz  NOT NULL,
    dead_at         timestamptz  NOT NULL,
    edited_at       timestamptz,
    copy_due        boolean      NOT NULL DEFAULT true     -- to the dead-letter topic
);
CREATE INDEX dead_letters_copy_due ON bus.dead_letters (id) WHERE copy_due;
CREATE INDEX dead_letters_subscription ON bus.dead_letters (subscription_id, id);
CREATE INDEX dead_letters_event ON bus.dead_letters (event_id);

CREATE TABLE bus.redrives (
    id              uuid        PRIMARY KEY,
    subscription_id uuid        NOT NULL REFERENCES bus.event_subscriptions (id) ON DELETE CASCADE,
    filter          jsonb       NOT NULL,
    status          varchar(20) NOT NULL,
    total           bigint      NOT NULL,
    redriven        bigint      NOT NULL DEFAULT 0,
    last_id         uuid        NOT NULL,                  -- dead letters up to this one are meant
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz
);
CREATE INDEX redrives_running ON bus.redrives (status) WHERE status = 'running';

-- Who delivers. An instance that is not seen for a while is deposed: its row goes, and with it the right to write.
CREATE TABLE bus.delivery_instances (
    instance_id uuid        PRIMARY KEY,
    seen_at     timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Subscriptions are spread over shards by their id, shards over instances.
CREATE TABLE bus.delivery_shards (
    shard integer PRIMARY KEY,
    owner uuid
);
INSERT INTO bus.delivery_shards SELECT n, NULL FROM generate_series(0, 15) AS n;
