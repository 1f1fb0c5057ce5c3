package dev.jubilee.events;

/** What every kind of event asks of its parts. */
final class Requirements {
    private Requirements() {}

    static void identity(String id, String type, long version) {
        text("id", id);
        if (!TopicName.isValid(type)) {
            throw new IllegalArgumentException(
                    "an event type is segments of a-z, 0-9, '_' and '-' joined by dots, such as"
                            + " guild.gold.deposited; was '"
                            + type
                            + "'");
        }
        if (version < 0) {
            throw new IllegalArgumentException("'version' must be 0 or more, was " + version);
        }
    }

    static void text(String name, String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("'" + name + "' must not be empty");
        }
    }
}
