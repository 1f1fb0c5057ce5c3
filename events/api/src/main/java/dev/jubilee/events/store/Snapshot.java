package dev.jubilee.events.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a stream's events up to a version amount to, so that not all of them need be read again. The
 * data array is not copied; nobody may change it.
 *
 * @param version the last event that it includes
 * @param contentType the media type of the data; carry the version of your format in it
 */
@SuppressWarnings("ArrayRecordComponent") // the state is bytes; equals and hashCode see to it
public record Snapshot(String stream, long version, String contentType, byte[] data) {
    public Snapshot {
        if (version < 1) {
            throw new IllegalArgumentException("version must be at least 1, was " + version);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Snapshot that
                && stream.equals(that.stream)
                && version == that.version
                && contentType.equals(that.contentType)
                && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * stream.hashCode() + Long.hashCode(version);
    }

    /** Names the snapshot, and says of its data only the size. */
    @Override
    public String toString() {
        return "Snapshot[" + stream + " at " + version + ", " + data.length + " bytes]";
    }
}
