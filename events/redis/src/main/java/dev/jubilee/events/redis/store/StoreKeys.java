package dev.jubilee.events.redis.store;

import java.util.regex.Pattern;

/**
 * The keys of one log. A stream's events are at {@code <prefix>:<stream>}, its version at {@code
 * <prefix>:<stream>:version}, its snapshot at {@code <prefix>:<stream>:snapshot}; what belongs to
 * the whole log begins otherwise, so that no stream's name can collide with it.
 *
 * @param prefix of every key
 */
record StoreKeys(String prefix) {
    private static final Pattern PREFIX = Pattern.compile("[a-z][a-z0-9_]{0,62}");
    private static final String VERSION = ":version";
    private static final String SNAPSHOT = ":snapshot";
    private static final String COLON = "%3A";

    StoreKeys {
        if (!PREFIX.matcher(prefix).matches()) {
            throw new IllegalArgumentException(
                    "a prefix is a letter, then a-z, 0-9 and '_'; was '" + prefix + "'");
        }
    }

    /** The name as it is, unless it would look like a key of another stream's. */
    String events(String stream) {
        String name = stream.replace("%", "%25");
        if (name.endsWith(VERSION) || name.endsWith(SNAPSHOT)) {
            int colon = name.lastIndexOf(':');
            name = name.substring(0, colon) + COLON + name.substring(colon + 1);
        }
        return prefix + ":" + name;
    }

    /** The stream whose events are there. */
    String stream(String events) {
        return events.substring(prefix.length() + 1).replace(COLON, ":").replace("%25", "%");
    }

    String version(String stream) {
        return events(stream) + VERSION;
    }

    String snapshot(String stream) {
        return events(stream) + SNAPSHOT;
    }

    /** A Redis stream of every append, in order. */
    String log() {
        return prefix + "-log";
    }

    /** The last position. */
    String position() {
        return prefix + "-log:position";
    }

    String checkpoint(String subscription) {
        return prefix + "-checkpoint:" + subscription;
    }

    String dataKeys() {
        return prefix + "-keys";
    }
}
