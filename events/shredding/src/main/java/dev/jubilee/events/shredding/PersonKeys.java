package dev.jubilee.events.shredding;

import com.google.crypto.tink.Aead;
import com.google.crypto.tink.subtle.AesGcmJce;
import com.google.crypto.tink.subtle.Random;
import dev.jubilee.events.store.DataKeys;
import dev.jubilee.events.store.DataKeys.WrappedKey;
import dev.jubilee.events.store.EventStoreFailure;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** People's keys, unwrapped and remembered for a while. Thread-safe. */
final class PersonKeys {
    private static final int KEY_BYTES = 32;
    private static final int REMEMBERED = 10_000;

    private final DataKeys keys;
    private final Aead masterKey;
    private final long rememberNanos;

    /** How many were forgotten; whoever asked the store before one more was remembers nothing. */
    private long forgotten;

    private final Map<String, Remembered> remembered =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Remembered> eldest) {
                    return size() > REMEMBERED;
                }
            };

    PersonKeys(DataKeys keys, Aead masterKey, Duration remember) {
        this.keys = keys;
        this.masterKey = masterKey;
        this.rememberNanos = remember.toNanos();
    }

    /** A key that is ready to use. */
    record PersonKey(String id, Aead cipher) {}

    private record Remembered(PersonKey key, long until) {}

    /** The person's key, made if there is none. */
    PersonKey get(String person) {
        PersonKey known = recall(person);
        if (known != null) {
            return known;
        }
        long before = forgotten();
        Map<String, WrappedKey> stored = keys.find(Set.of(person));
        WrappedKey wrapped = stored.get(person);
        if (wrapped == null) {
            wrapped = keys.findOrStore(person, newKey(person));
        }
        return remember(person, wrapped, before);
    }

    /** The keys of those of them who still have one. */
    Map<String, PersonKey> find(Collection<String> persons) {
        Map<String, PersonKey> found = new HashMap<>();
        Set<String> unknown = new HashSet<>();
        for (String person : persons) {
            PersonKey known = recall(person);
            if (known == null) {
                unknown.add(person);
            } else {
                found.put(person, known);
            }
        }
        if (!unknown.isEmpty()) {
            long before = forgotten();
            keys.find(unknown)
                    .forEach((person, wrapped) ->
                            found.put(person, remember(person, wrapped, before)));
        }
        return found;
    }

    boolean forget(String person) {
        try {
            return keys.forget(person);
        } finally { // also when nobody knows whether it was done
            synchronized (remembered) {
                forgotten++;
                remembered.remove(person);
            }
        }
    }

    private long forgotten() {
        synchronized (remembered) {
            return forgotten;
        }
    }

    private @Nullable PersonKey recall(String person) {
        synchronized (remembered) {
            Remembered known = remembered.get(person);
            return known == null || known.until() - System.nanoTime() <= 0 ? null : known.key();
        }
    }

    /** Unless one was forgotten since: it may be this one. */
    private PersonKey remember(String person, WrappedKey wrapped, long before) {
        try {
            byte[] plain = masterKey.decrypt(wrapped.wrapped(), bytes(person));
            PersonKey key = new PersonKey(wrapped.id(), new AesGcmJce(plain));
            synchronized (remembered) {
                if (forgotten == before) {
                    remembered.put(person, new Remembered(key, System.nanoTime() + rememberNanos));
                }
            }
            return key;
        } catch (GeneralSecurityException e) {
            throw new EventStoreFailure(
                    "the master key does not fit the data key " + wrapped.id(), e);
        }
    }

    private WrappedKey newKey(String person) {
        try {
            byte[] plain = Random.randBytes(KEY_BYTES);
            return new WrappedKey(
                    UUID.randomUUID().toString(), masterKey.encrypt(plain, bytes(person)));
        } catch (GeneralSecurityException e) {
            throw new EventStoreFailure("a data key cannot be wrapped", e);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
