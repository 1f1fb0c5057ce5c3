-- Who wants which events, and how they are brought.
CREATE TABLE bus.event_subscriptions (
    id                 uuid         PRIMARY KEY,
    subscription_id    varchar(100) NOT NULL UNIQUE,
    service_name       varchar(100) NOT NULL,
    topic_pattern      varchar(255) NOT NULL DEFAULT '*',
    event_types        text,                               -- JSON array; NULL: all
    endpoint           varchar(500),
    filter             text,                               -- JSON; NULL: none
    status             varchar(20)  NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled')),
    status_reason      text,
    method             varchar(20)  NOT NULL DEFAULT 'kafka',
    auth_token         text,                               -- encrypted
    max_retries        integer      NOT NULL DEFAULT 3,
    retry_delay        integer      NOT NULL DEFAULT 60,   -- seconds
    retry_policy       text,                               -- JSON; NULL: retry_delay each time
    rate_limit_per_min integer      NOT NULL DEFAULT 1000, -- 0: unlimited
    is_active          boolean      GENERATED ALWAYS AS (status = 'active') VIRTUAL,
    enable_batching    boolean      NOT NULL DEFAULT false,
    batch_size         integer      NOT NULL DEFAULT 100,
    batch_window_ms    integer      NOT NULL DEFAULT 100,
    requires_ack       boolean      NOT NULL DEFAULT true,
    ack_deadline       integer      NOT NULL DEFAULT 30,   -- seconds
    ordering           varchar(10)  NOT NULL DEFAULT 'key' CHECK (ordering IN ('key', 'none')),
    signing_secrets    text,                               -- encrypted
    start_from         varchar(40)  NOT NULL DEFAULT 'now',
    starts_at          jsonb        NOT NULL DEFAULT '{}', -- by Kafka's id of a topic: the first offset of each partition
    rewinds            integer      NOT NULL DEFAULT 0,    -- how often; whoever holds deliveries in memory drops them
    circuit            varchar(10)  NOT NULL DEFAULT 'closed' CHECK (circuit IN ('closed', 'open', 'half_open')),
    circuit_until      timestamptz,
    created_at         timestamptz  NOT NULL DEFAULT now(),
    updated_at         timestamptz  NOT NULL DEFAULT now(),
    last_active        timestamptz  NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX event_subscriptions_service ON bus.event_subscriptions (service_name);

-- Raised by every change that routing must know of. Who routes compares it in the transaction of its effect, so that
-- an event that was published after a subscription was answered is never routed without it.
CREATE TABLE bus.subscription_version (
    version bigint NOT NULL
);
INSERT INTO bus.subscription_version VALUES (1);
