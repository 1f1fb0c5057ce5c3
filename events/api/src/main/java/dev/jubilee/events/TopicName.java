package dev.jubilee.events;

/**
 * What a topic may be called: segments of {@code a-z 0-9 _ -} joined by dots, such as {@code
 * game.match.end}, at most {@value #MAX_LENGTH} characters. Every such name is legal on Kafka.
 */
public final class TopicName {
    /** Kafka's own limit. */
    public static final int MAX_LENGTH = 249;

    private TopicName() {}

    /** Whether a topic may be called this. */
    public static boolean isValid(String name) {
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            return false;
        }
        boolean inSegment = false;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '.') {
                if (!inSegment) {
                    return false;
                }
                inSegment = false;
            } else if (isSegmentCharacter(c)) {
                inSegment = true;
            } else {
                return false;
            }
        }
        return inSegment;
    }

    /**
     * The name given, if a topic may be called this.
     *
     * @throws IllegalArgumentException if not, saying what was given and what is allowed
     */
    public static String require(String name) {
        if (!isValid(name)) {
            throw new IllegalArgumentException(
                    "a topic name is segments of a-z, 0-9, '_' and '-' joined by dots, such as"
                            + " game.match.end, of at most "
                            + MAX_LENGTH
                            + " characters; was '"
                            + name
                            + "'");
        }
        return name;
    }

    static boolean isSegmentCharacter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
}
