-- Who may do what with a topic that requires authorisation. A principal is the id of a key, or role:<role>.
CREATE TABLE bus.topic_grants (
    topic      varchar(255) NOT NULL REFERENCES bus.topics (name) ON DELETE CASCADE,
    principal  varchar(255) NOT NULL,
    actions    text[]       NOT NULL CHECK (actions <@ ARRAY ['publish', 'subscribe', 'read'] AND actions <> '{}'),
    granted_at timestamptz  NOT NULL,
    PRIMARY KEY (topic, principal)
);

-- Traces and searches follow these. Most events carry neither, and then pay nothing.
CREATE INDEX events_correlation_id ON bus.events (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX events_causation_id ON bus.events (causation_id) WHERE causation_id IS NOT NULL;

-- What each instance saw in the last minute, written every few seconds: the figures of GET /stats are of all instances.
CREATE TABLE bus.instance_statistics (
    instance_id        uuid             PRIMARY KEY,
    at                 timestamptz      NOT NULL,
    seconds            double precision NOT NULL,
    published          bigint           NOT NULL,
    publish_failures   bigint           NOT NULL,
    consumed           bigint           NOT NULL,
    consume_failures   bigint           NOT NULL,
    processing_seconds double precision NOT NULL
) WITH (fillfactor = 50);
