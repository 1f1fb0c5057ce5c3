-- Records of Kafka's log that are nobody's event, which the store went past: the markers with which transactions end, and
-- what aborted ones wrote. The statistics follow from offsets, and subtract them.
CREATE TABLE bus.passed_over (
    topic_id  uuid    NOT NULL,
    partition integer NOT NULL,
    records   bigint  NOT NULL,
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 50);
