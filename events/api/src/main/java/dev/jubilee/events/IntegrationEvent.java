package dev.jubilee.events;

import java.time.Instant;

/**
 * What one service tells others. Its ordering key is the user, and without one the correlation id:
 * what belongs together stays in order.
 *
 * @param service who tells it, such as {@code matchmaking}
 * @param action what it did, such as {@code match_found}
 */
public record IntegrationEvent<P>(
        String id,
        String type,
        Instant timestamp,
        long version,
        EventMetadata metadata,
        String service,
        String action,
        P payload)
        implements BaseEvent {

    public IntegrationEvent {
        Requirements.identity(id, type, version);
        Requirements.text("service", service);
        Requirements.text("action", action);
    }

    @Override
    public String orderingKey() {
        String userId = metadata.userId();
        return userId == null ? metadata.correlationId() : userId;
    }

    @Override
    public IntegrationEvent<P> withMetadata(EventMetadata other) {
        return new IntegrationEvent<>(
                id, type, timestamp, version, other, service, action, payload);
    }
}
