package dev.jubilee.server.bus.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.events.kafka.KafkaEnvelopes;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * An event as it will stand in the store. Whatever a record holds becomes a row that PostgreSQL
 * takes: what the bus let in fits as it is, and what somebody wrote straight to Kafka is made to.
 *
 * @param id the row's key, whose time is that of acceptance
 * @param clientId the event's id when a client made it: stored only if it is new
 * @param payload UTF-8 without U+0000, or null
 * @param contentType null when the payload is JSON as it came; with {@code ;base64} at its end when
 *     the payload is in Base64, being no text, or of a type that ends so itself
 */
@SuppressWarnings("ArrayRecordComponent") // rows are never compared
record EventRow(
        ConsumerRecord<byte[], byte[]> record,
        Envelope event,
        UUID id,
        @Nullable String clientId,
        Instant acceptedAt,
        byte @Nullable [] payload,
        @Nullable String contentType) {

    /** Clocks of instances differ; a moment further ahead than this is no bus's. */
    static final Duration AHEAD = Duration.ofDays(1);

    /**
     * @param now when it is stored
     * @param latest an event that says it was accepted after this moment was accepted now
     */
    static EventRow of(ConsumerRecord<byte[], byte[]> record, Instant now, Instant latest) {
        Envelope event = KafkaEnvelopes.read(record);
        Instant accepted = event.acceptedAt() == null ? now : event.acceptedAt();
        if (accepted.isAfter(latest) || accepted.isBefore(Instant.EPOCH)) {
            accepted = now;
        }
        UUID own = ownId(event, accepted);
        byte[] data = event.data();
        // What bears the mark is Base64, whoever made the type: it is read back without it.
        boolean text = isText(data) && !isMarked(event.contentType());
        return new EventRow(
                record,
                event,
                own == null ? EventId.at(accepted) : own,
                own == null ? StoredText.eventId(event.id()) : null,
                accepted,
                data.length == 0 ? null : text ? data : Base64.getEncoder().encode(data),
                contentType(event.contentType(), text));
    }

    /** Whether it may have been stored before although its id is the row's own. */
    boolean isRelayed() {
        return event.idOrigin() == IdOrigin.RELAYED && clientId == null;
    }

    /** The id as a row's key, if it was made here and so its time is that of acceptance. */
    private static @Nullable UUID ownId(Envelope event, Instant accepted) {
        if (event.idOrigin() == IdOrigin.CLIENT || event.id().length() != 36) {
            return null;
        }
        try {
            UUID id = UUID.fromString(event.id());
            boolean made = id.version() == 7 && EventId.timeOf(id).equals(accepted);
            return made ? id : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static @Nullable String contentType(String type, boolean text) {
        if (text) {
            return type.equals(Envelope.JSON)
                    ? null
                    : StoredText.clip(type, StoredText.MAX_CONTENT_TYPE);
        }
        return StoredText.clip(type, StoredText.MAX_CONTENT_TYPE - StoredText.BASE64.length())
                + StoredText.BASE64;
    }

    private static boolean isMarked(String type) {
        return StoredText.clip(type, StoredText.MAX_CONTENT_TYPE).endsWith(StoredText.BASE64);
    }

    private static boolean isText(byte[] data) {
        boolean ascii = true;
        for (byte b : data) {
            if (b == 0) {
                return false;
            }
            ascii &= b > 0;
        }
        return ascii || decodes(data);
    }

    private static boolean decodes(byte[] data) {
        try {
            UTF_8.newDecoder().decode(ByteBuffer.wrap(data));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
