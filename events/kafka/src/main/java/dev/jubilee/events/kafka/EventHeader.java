package dev.jubilee.events.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.apache.kafka.common.header.Header;

/** One attribute of an event as a Kafka header. */
@SuppressWarnings("ArrayRecordComponent") // what Kafka's interface asks for
record EventHeader(String key, byte[] value) implements Header {
    EventHeader(String key, String value) {
        this(key, value.getBytes(UTF_8));
    }
}
