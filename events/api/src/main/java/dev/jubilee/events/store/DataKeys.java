package dev.jubilee.events.store;

import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps for each person the key that the person's data is encrypted with, itself encrypted
 * (wrapped) by a master key that is kept elsewhere. Without the key the data is noise, wherever
 * copies of it may be; so deleting the key erases it.
 *
 * <p>Backups of keys must be shorter-lived than the time in which a person must be forgotten.
 *
 * <p>Thread-safe. Every method may throw {@link EventStoreUnavailable}.
 */
public interface DataKeys {
    /**
     * A person's key.
     *
     * @param id names this key among all that the person ever had
     * @param wrapped the key, encrypted by the master key
     */
    @SuppressWarnings("ArrayRecordComponent") // the key is bytes; equals and hashCode see to it
    record WrappedKey(String id, byte[] wrapped) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof WrappedKey that
                    && id.equals(that.id)
                    && Arrays.equals(wrapped, that.wrapped);
        }

        @Override
        public int hashCode() {
            return id.hashCode();
        }

        /** The key's name alone. */
        @Override
        public String toString() {
            return "WrappedKey[" + id + "]";
        }
    }

    /** The keys of those among these persons who have one. */
    Map<String, WrappedKey> find(Collection<String> persons);

    /** The person's key: the one offered, or the one that another has stored meanwhile. */
    WrappedKey findOrStore(String person, WrappedKey offered);

    /**
     * Deletes the person's key.
     *
     * @return whether there was one
     */
    boolean forget(String person);
}
