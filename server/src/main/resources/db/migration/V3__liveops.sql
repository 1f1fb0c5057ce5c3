CREATE SCHEMA liveops;

CREATE TABLE liveops.players (
    user_id    varchar(64) PRIMARY KEY,
    level      integer     NOT NULL DEFAULT 0,
    segment    text        NOT NULL DEFAULT '',
    attributes jsonb       NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL
);

CREATE TABLE liveops.events (
    id                   uuid         PRIMARY KEY DEFAULT uuidv7(),
    event_id             varchar(50)  NOT NULL UNIQUE,
    name                 varchar(255) NOT NULL,
    description          text,
    event_type           varchar(50)  NOT NULL,
    category             varchar(50)  NOT NULL,
    status               varchar(20)  NOT NULL DEFAULT 'draft'
        CHECK (status IN ('draft', 'scheduled', 'active', 'completed', 'cancelled')),
    start_time           timestamptz  NOT NULL,
    end_time             timestamptz,
    duration             integer, -- seconds
    max_participants     integer      NOT NULL CHECK (max_participants >= 0),
    current_participants integer      NOT NULL DEFAULT 0, -- of the latest occurrence, kept by a trigger
    requirements         jsonb        NOT NULL DEFAULT '{}',
    rewards              jsonb        NOT NULL DEFAULT '[]',
    settings             jsonb        NOT NULL DEFAULT '{}',
    version              integer      NOT NULL DEFAULT 1,
    created_by           varchar(64)  NOT NULL,
    created_at           timestamptz  NOT NULL,
    updated_at           timestamptz  NOT NULL
);
CREATE INDEX events_unfinished ON liveops.events (status, start_time) WHERE status IN ('draft', 'scheduled', 'active');
CREATE INDEX events_by_start ON liveops.events (start_time DESC, event_id);
CREATE INDEX events_settings ON liveops.events USING gin (settings jsonb_path_ops);

-- One run of a live event. The configuration is frozen into it. The counter row of every join.
CREATE TABLE liveops.occurrences (
    occurrence_id        uuid        PRIMARY KEY,
    event_id             varchar(50) NOT NULL REFERENCES liveops.events (event_id),
    number               integer     NOT NULL,
    starts_at            timestamptz NOT NULL,
    ends_at              timestamptz,
    status               varchar(20) NOT NULL
        CHECK (status IN ('scheduled', 'active', 'closing', 'completed', 'cancelled')),
    config               jsonb       NOT NULL, -- {requirements, rewards, settings}, as they were when the occurrence began
    config_version       integer     NOT NULL,
    max_participants     integer     NOT NULL,
    current_participants integer     NOT NULL DEFAULT 0 CHECK (current_participants >= 0),
    end_offsets          jsonb,      -- what progress must pass before the ranking freezes
    completed_at         timestamptz,
    frozen_at            timestamptz,                  -- since when final_rank stands
    paid_through         integer     NOT NULL DEFAULT 0, -- the last final_rank whose rewards are granted
    UNIQUE (event_id, number),
    CONSTRAINT capacity_never_exceeded CHECK (current_participants <= max_participants)
) WITH (fillfactor = 40);
CREATE INDEX occurrences_unfinished ON liveops.occurrences (starts_at) WHERE status IN ('scheduled', 'active', 'closing');

CREATE FUNCTION liveops.carry_participants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE liveops.events SET current_participants = new.current_participants
     WHERE event_id = new.event_id AND current_participants <> new.current_participants
       AND NOT EXISTS (SELECT FROM liveops.occurrences o WHERE o.event_id = new.event_id AND o.number > new.number);
    RETURN NULL;
END $$;
CREATE TRIGGER occurrences_carry_participants AFTER UPDATE OF current_participants ON liveops.occurrences
    FOR EACH ROW EXECUTE FUNCTION liveops.carry_participants();

CREATE TABLE liveops.event_participations (
    id                 uuid        PRIMARY KEY, -- UUIDv7
    participation_id   varchar(50) GENERATED ALWAYS AS (id::text) VIRTUAL,
    event_id           varchar(50) NOT NULL,
    occurrence_id      uuid        NOT NULL,
    user_id            varchar(64) NOT NULL,
    participation_type varchar(20) NOT NULL CHECK (participation_type IN ('automatic', 'manual', 'invited')),
    status             varchar(20) NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'completed', 'cancelled', 'expired')),
    progress           jsonb       NOT NULL DEFAULT '{}', -- metric → number
    rewards_claimed    jsonb       NOT NULL DEFAULT '[]', -- reward ids
    score              double precision,
    reached_at         timestamptz, -- accepted_at of the event that made the score
    final_rank         integer,
    participation_time timestamptz NOT NULL,
    completion_time    timestamptz,
    created_at         timestamptz GENERATED ALWAYS AS (participation_time) VIRTUAL,
    UNIQUE (occurrence_id, user_id)
) WITH (fillfactor = 60); -- room for progress to be updated in place
CREATE INDEX participations_of_user ON liveops.event_participations (user_id, id DESC);
-- No index on the score: it would be written with every event that counts. Live rankings are kept in memory.
CREATE INDEX participations_final_rank ON liveops.event_participations (occurrence_id, final_rank)
    WHERE final_rank IS NOT NULL;

CREATE TABLE liveops.event_rewards (
    id               uuid        PRIMARY KEY DEFAULT uuidv7(),
    reward_id        varchar(50) NOT NULL,
    event_id         varchar(50) NOT NULL REFERENCES liveops.events (event_id),
    reward_type      varchar(50) NOT NULL,
    reward_value     jsonb       NOT NULL,
    reward_condition jsonb,
    max_claims       integer,
    current_claims   integer     NOT NULL DEFAULT 0, -- over all occurrences, kept by a trigger
    is_active        boolean     NOT NULL DEFAULT true,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    UNIQUE (event_id, reward_id)
);

-- The counter row of every claim: caps hold for each occurrence.
CREATE TABLE liveops.occurrence_rewards (
    occurrence_id  uuid        NOT NULL REFERENCES liveops.occurrences (occurrence_id),
    event_id       varchar(50) NOT NULL,
    reward_id      varchar(50) NOT NULL,
    max_claims     integer,
    current_claims integer     NOT NULL DEFAULT 0,
    PRIMARY KEY (occurrence_id, reward_id),
    CONSTRAINT cap_never_exceeded CHECK (max_claims IS NULL OR current_claims <= max_claims)
) WITH (fillfactor = 40);

CREATE FUNCTION liveops.carry_claims() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE liveops.event_rewards SET current_claims = current_claims + new.current_claims - old.current_claims
     WHERE event_id = new.event_id AND reward_id = new.reward_id;
    RETURN NULL;
END $$;
CREATE TRIGGER occurrence_rewards_carry_claims AFTER UPDATE OF current_claims ON liveops.occurrence_rewards
    FOR EACH ROW WHEN (new.current_claims <> old.current_claims) EXECUTE FUNCTION liveops.carry_claims();

-- What one player earned: once per rule, occurrence, player and sequence.
CREATE TABLE liveops.grants (
    id            uuid        PRIMARY KEY, -- UUIDv7
    occurrence_id uuid        NOT NULL,
    event_id      varchar(50) NOT NULL,
    user_id       varchar(64) NOT NULL,
    reward_id     varchar(50) NOT NULL,
    sequence      integer     NOT NULL DEFAULT 1,
    status        varchar(20) NOT NULL CHECK (status IN ('earned', 'claimed', 'delivered', 'expired', 'revoked')),
    reward_type   varchar(50) NOT NULL,
    reward_value  jsonb       NOT NULL,
    earned_at     timestamptz NOT NULL,
    claimed_at    timestamptz,
    expires_at    timestamptz,
    UNIQUE (occurrence_id, user_id, reward_id, sequence)
) WITH (fillfactor = 80);
CREATE INDEX grants_of_user ON liveops.grants (user_id, id DESC);
-- Not over the status: a claim changes that, and a row whose indexed columns stay as they are is changed in place.
CREATE INDEX grants_expiring ON liveops.grants (expires_at) WHERE expires_at IS NOT NULL;

-- Client-made ids that have counted for an occurrence. Server-made ids need none: they are in Kafka once, and the
-- consumed offset is committed with the effect.
CREATE TABLE liveops.progress_ledger (
    occurrence_id uuid         NOT NULL,
    event_id      varchar(100) NOT NULL,
    PRIMARY KEY (occurrence_id, event_id)
);

CREATE SCHEMA gameplay;
CREATE VIEW gameplay.world_events AS SELECT * FROM liveops.events;
CREATE VIEW gameplay.event_participants AS SELECT *, user_id AS player_id FROM liveops.event_participations;
CREATE VIEW gameplay.event_rewards AS SELECT * FROM liveops.event_rewards;
