package dev.jubilee.server.bus.publish;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The event types that are allowed: a known family, a dot, and open names ({@code game.kill},
 * {@code game.match.end}).
 */
final class EventTypes {
    static final int MAX_LENGTH = 100;

    private final Set<String> families;

    EventTypes(Set<String> families) {
        this.families = families;
    }

    /** What is wrong with the type; null when nothing is. */
    @Nullable String fault(String type) {
        if (type.isEmpty() || type.length() > MAX_LENGTH) {
            return "must have 1 to " + MAX_LENGTH + " characters, had " + type.length();
        }
        int dot = type.indexOf('.');
        if (dot < 0 || !hasShape(type)) {
            return "must be family.name, segments of a-z, 0-9, _ and - joined by dots, such as"
                    + " game.match.end; was \""
                    + type
                    + "\"";
        }
        if (!families.contains(type.substring(0, dot))) {
            return "must begin with one of "
                    + String.join(", ", families.stream().sorted().toList())
                    + "; was \""
                    + type
                    + "\"";
        }
        return null;
    }

    private static boolean hasShape(String type) {
        char before = '.';
        for (int i = 0; i < type.length(); i++) {
            char c = type.charAt(i);
            boolean name = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
            if (!name && (c != '.' || before == '.')) {
                return false;
            }
            before = c;
        }
        return before != '.';
    }
}
