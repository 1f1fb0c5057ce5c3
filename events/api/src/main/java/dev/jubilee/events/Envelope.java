package dev.jubilee.events;

import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An event as it travels: the attributes of <a
 * href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md">CloudEvents 1.0</a>
 * and its data as bytes. Where it travels (topic, partition, offset) is not part of it.
 *
 * <p>The data array is neither copied on the way in nor on the way out, because an envelope is made
 * for every event on the busiest path: whoever hands an array over must not change it afterwards.
 * With that, an envelope is immutable and thread-safe. Two envelopes are equal when everything,
 * data bytes included, is equal.
 *
 * @param id unique for its source; not empty
 * @param type what happened, such as {@code game.match.end}; not empty
 * @param source where it happened, a URI reference; not empty
 * @param subject what it happened to, such as a player
 * @param partitionKey events of one key stay in order
 * @param time when it happened, by the producer's clock
 * @param acceptedAt when the bus took it over, by the bus's clock; null until then. Windows are
 *     decided by this one, never by {@link #time}
 * @param contentType the media type of the data
 * @param data the payload; empty when there is none
 * @param correlationId what this event belongs to
 * @param causationId the id of the event that led to this one
 * @param replayable whether it may be delivered again by a replay
 * @param extensions further CloudEvents attributes by name, kept as they came
 */
@SuppressWarnings("ArrayRecordComponent") // the payload is bytes; equals and hashCode see to it
public record Envelope(
        String id,
        String type,
        String source,
        @Nullable String subject,
        @Nullable String partitionKey,
        Instant time,
        @Nullable Instant acceptedAt,
        String contentType,
        byte[] data,
        @Nullable String correlationId,
        @Nullable String causationId,
        Priority priority,
        boolean replayable,
        IdOrigin idOrigin,
        Map<String, String> extensions) {

    /** The media type of most data. */
    public static final String JSON = "application/json";

    private static final byte[] NO_DATA = {};

    public Envelope {
        requireText("id", id);
        requireText("type", type);
        requireText("source", source);
        Objects.requireNonNull(time, "time");
        Objects.requireNonNull(data, "data");
        extensions = Map.copyOf(extensions);
    }

    /** Begins an envelope; what is not said is the default of {@link Builder}. */
    public static Builder of(String id, String type, String source, Instant time) {
        return new Builder(id, type, source, time);
    }

    /** A builder that starts from this envelope. */
    public Builder toBuilder() {
        Builder builder = new Builder(id, type, source, time);
        builder.subject = subject;
        builder.partitionKey = partitionKey;
        builder.acceptedAt = acceptedAt;
        builder.contentType = contentType;
        builder.data = data;
        builder.correlationId = correlationId;
        builder.causationId = causationId;
        builder.priority = priority;
        builder.replayable = replayable;
        builder.idOrigin = idOrigin;
        builder.extensions = extensions;
        return builder;
    }

    /** This envelope as taken over by the bus at the moment given. */
    public Envelope accepted(Instant at) {
        return toBuilder().acceptedAt(at).build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Envelope that
                && id.equals(that.id)
                && type.equals(that.type)
                && source.equals(that.source)
                && Objects.equals(subject, that.subject)
                && Objects.equals(partitionKey, that.partitionKey)
                && time.equals(that.time)
                && Objects.equals(acceptedAt, that.acceptedAt)
                && contentType.equals(that.contentType)
                && Arrays.equals(data, that.data)
                && Objects.equals(correlationId, that.correlationId)
                && Objects.equals(causationId, that.causationId)
                && priority == that.priority
                && replayable == that.replayable
                && idOrigin == that.idOrigin
                && extensions.equals(that.extensions);
    }

    @Override
    public int hashCode() {
        return 31 * id.hashCode() + source.hashCode();
    }

    /** Names the event, and says of its data only the size: payloads do not belong in logs. */
    @Override
    public String toString() {
        return "Envelope[" + type + " " + id + " from " + source + ", " + data.length + " bytes]";
    }

    private static void requireText(String attribute, String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("'" + attribute + "' must not be empty");
        }
    }

    /**
     * Makes envelopes. Defaults: no data, content type JSON, priority normal, replayable, an id
     * made by the client, no extensions, everything else absent. Not thread-safe.
     */
    public static final class Builder {
        private final String id;
        private final String type;
        private final String source;
        private final Instant time;
        private @Nullable String subject;
        private @Nullable String partitionKey;
        private @Nullable Instant acceptedAt;
        private String contentType = JSON;
        private byte[] data = NO_DATA;
        private @Nullable String correlationId;
        private @Nullable String causationId;
        private Priority priority = Priority.NORMAL;
        private boolean replayable = true;
        private IdOrigin idOrigin = IdOrigin.CLIENT;
        private Map<String, String> extensions = Map.of();

        private Builder(String id, String type, String source, Instant time) {
            this.id = id;
            this.type = type;
            this.source = source;
            this.time = time;
        }

        public Builder subject(@Nullable String value) {
            subject = value;
            return this;
        }

        public Builder partitionKey(@Nullable String value) {
            partitionKey = value;
            return this;
        }

        public Builder acceptedAt(@Nullable Instant value) {
            acceptedAt = value;
            return this;
        }

        /** JSON data; the array is not copied. */
        public Builder json(byte[] value) {
            return data(JSON, value);
        }

        /** Data of any media type; the array is not copied. */
        public Builder data(String mediaType, byte[] value) {
            contentType = mediaType;
            data = value;
            return this;
        }

        public Builder correlationId(@Nullable String value) {
            correlationId = value;
            return this;
        }

        public Builder causationId(@Nullable String value) {
            causationId = value;
            return this;
        }

        public Builder priority(Priority value) {
            priority = value;
            return this;
        }

        public Builder replayable(boolean value) {
            replayable = value;
            return this;
        }

        public Builder idOrigin(IdOrigin value) {
            idOrigin = value;
            return this;
        }

        public Builder extensions(Map<String, String> value) {
            extensions = value;
            return this;
        }

        /**
         * The envelope.
         *
         * @throws IllegalArgumentException if id, type or source is empty
         */
        public Envelope build() {
            return new Envelope(
                    id,
                    type,
                    source,
                    subject,
                    partitionKey,
                    time,
                    acceptedAt,
                    contentType,
                    data,
                    correlationId,
                    causationId,
                    priority,
                    replayable,
                    idOrigin,
                    extensions);
        }
    }
}
