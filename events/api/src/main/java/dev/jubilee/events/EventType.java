package dev.jubilee.events;

/**
 * A type of event as this program knows it.
 *
 * @param name the explicit name on the wire, which outlives every class name
 * @param schemaVersion the version of the payload's schema that the class is, from 1
 * @param payload the class of {@link DomainEvent#data} or {@link IntegrationEvent#payload}
 */
public record EventType<T>(String name, int schemaVersion, Class<T> payload) {
    public EventType {
        Requirements.identity("-", name, 0);
        if (schemaVersion < 1) {
            throw new IllegalArgumentException(
                    "the schema version of " + name + " must be 1 or more, was " + schemaVersion);
        }
    }
}
