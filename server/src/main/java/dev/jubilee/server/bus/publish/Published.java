package dev.jubilee.server.bus.publish;

/** An event that Kafka has acknowledged, and where it stands. */
public record Published(String eventId, String topic, int partition, long offset) {}
