CREATE SCHEMA bus;

CREATE TABLE bus.topics (
    id                 uuid         PRIMARY KEY DEFAULT uuidv7(),
    name               varchar(255) NOT NULL UNIQUE,
    kafka_topic_id     uuid         NOT NULL,
    description        text,
    schema             text,
    partitions         integer      NOT NULL DEFAULT 3,
    replication_factor integer      NOT NULL DEFAULT 2,
    retention_hours    integer      DEFAULT 168,
    status             varchar(20)  DEFAULT 'active',
    category           varchar(20)  DEFAULT 'game',
    owner_service      varchar(100),
    created_at         timestamptz  DEFAULT now(),
    updated_at         timestamptz  DEFAULT now(),
    is_system_topic    boolean      DEFAULT false,
    requires_auth      boolean      DEFAULT false,
    enable_dlq         boolean      DEFAULT true
);

-- The event store. Rows are written once and never updated: status is derived. Partitioned by the bus's own clock
-- (accepted_at), never by a client's. A server-made id is the row's id; a client-made one stands in client_event_id and
-- is held unique by bus.event_ids, which a time-partitioned table cannot do.
CREATE TABLE bus.events (
    id              uuid         NOT NULL,
    client_event_id varchar(100),
    event_id        varchar(100) GENERATED ALWAYS AS (coalesce(client_event_id, id::text)) VIRTUAL,
    event_type      varchar(100) NOT NULL,
    topic           varchar(255) NOT NULL,
    source          varchar(100) NOT NULL,
    key             varchar(255),
    payload         text,
    partition       integer      NOT NULL,
    "offset"        bigint       NOT NULL,
    status          varchar(20)  NOT NULL DEFAULT 'completed',
    retry_count     integer      NOT NULL DEFAULT 0,
    priority        varchar(10)  NOT NULL DEFAULT 'normal',
    timestamp       timestamptz  NOT NULL,           -- when it happened, by the publisher's word
    accepted_at     timestamptz  NOT NULL,           -- when the bus took it
    created_at      timestamptz  GENERATED ALWAYS AS (accepted_at) VIRTUAL,
    processed_at    timestamptz  NOT NULL,           -- when it was stored
    correlation_id  varchar(255),
    causation_id    varchar(255),
    content_type    varchar(100),                    -- NULL: application/json
    extensions      text,                            -- JSON object of CloudEvents extensions; NULL: none
    is_replayable   boolean      NOT NULL DEFAULT true,
    is_encrypted    boolean      NOT NULL DEFAULT false
    -- Each partition, a day, has a PRIMARY KEY (id) of its own: ids carry the time of acceptance, so a day's are in
    -- no other, and the index is a third smaller than one that repeats accepted_at.
) PARTITION BY RANGE (accepted_at);

-- Client-made ids count once within the kept window.
CREATE TABLE bus.event_ids (
    event_id    varchar(100) PRIMARY KEY,
    id          uuid         NOT NULL,
    accepted_at timestamptz  NOT NULL
);
CREATE INDEX event_ids_accepted_at ON bus.event_ids USING brin (accepted_at);
