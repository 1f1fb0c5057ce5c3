package dev.jubilee.events.shredding;

import static dev.jubilee.events.shredding.PersonKeys.bytes;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.shredding.PersonKeys.PersonKey;
import dev.jubilee.events.store.EventStoreFailure;
import dev.jubilee.events.store.Snapshot;
import dev.jubilee.events.store.StoredEvent;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts payloads by AES-256-GCM. Each is bound to its place, so that one person's data cannot be
 * passed off as another event's. What is needed to read it again stands beside it: of an event in
 * its extensions, of a snapshot in its media type.
 */
final class Sealing {
    static final String PERSON = "encryptedperson";
    static final String KEY = "encryptedkey";
    static final String CONTENT_TYPE = "encryptedtype";

    private static final String SEALED = "application/vnd.jubilee.encrypted";
    private static final Pattern SEALED_SNAPSHOT =
            Pattern.compile(SEALED + ";person=([^;]*);key=([^;]*);type=([^;]*)");

    private Sealing() {}

    static Envelope seal(String stream, Envelope event, String person, PersonKey key) {
        Map<String, String> extensions = new HashMap<>(event.extensions());
        extensions.put(PERSON, person);
        extensions.put(KEY, key.id());
        extensions.put(CONTENT_TYPE, event.contentType());
        byte[] sealed = encrypt(key, event.data(), bytes(stream + '\0' + event.id()));
        return event.toBuilder().data(SEALED, sealed).extensions(extensions).build();
    }

    /** Whose data it is, if it is sealed. */
    static @Nullable String personOf(StoredEvent stored) {
        Envelope event = stored.event();
        return event.contentType().equals(SEALED) ? event.extensions().get(PERSON) : null;
    }

    /** As it was before it was sealed; without data if this is not the key, or there is none. */
    static StoredEvent open(StoredEvent stored, @Nullable PersonKey key) {
        Envelope event = stored.event();
        Map<String, String> extensions = new HashMap<>(event.extensions());
        extensions.remove(PERSON);
        String keyId = extensions.remove(KEY);
        String contentType = extensions.getOrDefault(CONTENT_TYPE, Envelope.JSON);
        extensions.remove(CONTENT_TYPE);
        Envelope.Builder opened = event.toBuilder().extensions(extensions);
        if (key == null || !key.id().equals(keyId)) {
            return stored.with(opened.data(contentType, new byte[0]).build(), true);
        }
        byte[] place = bytes(stored.stream() + '\0' + event.id());
        return stored.with(
                opened.data(contentType, decrypt(key, event.data(), place)).build(), false);
    }

    static Snapshot seal(Snapshot snapshot, String person, PersonKey key) {
        String type =
                "%s;person=%s;key=%s;type=%s"
                        .formatted(
                                SEALED,
                                encode(person),
                                encode(key.id()),
                                encode(snapshot.contentType()));
        byte[] sealed = encrypt(key, snapshot.data(), place(snapshot));
        return new Snapshot(snapshot.stream(), snapshot.version(), type, sealed);
    }

    static @Nullable String personOf(Snapshot snapshot) {
        Matcher type = SEALED_SNAPSHOT.matcher(snapshot.contentType());
        return type.matches() ? decode(type.group(1)) : null;
    }

    /** As it was; null if this is not the key, or there is none. */
    static @Nullable Snapshot open(Snapshot snapshot, @Nullable PersonKey key) {
        Matcher type = SEALED_SNAPSHOT.matcher(snapshot.contentType());
        if (!type.matches() || key == null || !key.id().equals(decode(type.group(2)))) {
            return null;
        }
        return new Snapshot(
                snapshot.stream(),
                snapshot.version(),
                decode(type.group(3)),
                decrypt(key, snapshot.data(), place(snapshot)));
    }

    private static byte[] place(Snapshot snapshot) {
        return bytes(snapshot.stream() + '\0' + snapshot.version());
    }

    private static byte[] encrypt(PersonKey key, byte[] data, byte[] place) {
        try {
            return key.cipher().encrypt(data, place);
        } catch (GeneralSecurityException e) {
            throw new EventStoreFailure("data cannot be encrypted", e);
        }
    }

    private static byte[] decrypt(PersonKey key, byte[] data, byte[] place) {
        try {
            return key.cipher().decrypt(data, place);
        } catch (GeneralSecurityException e) {
            throw new EventStoreFailure(
                    "data was changed or moved since it was encrypted by key " + key.id(), e);
        }
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
