package dev.jubilee.events.json;

import dev.jubilee.events.Envelope;
import java.io.ByteArrayOutputStream;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * CloudEvents 1.0 in the <a
 * href="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md">JSON
 * format</a>, structured (one event) and batched.
 *
 * <p>Beside the attributes of CloudEvents travel, as extensions: {@code partitionkey}, {@code
 * correlationid}, {@code causationid}, {@code priority} (left out when normal), {@code replayable}
 * (left out when true) and {@code acceptedat}. Every other attribute is kept in {@link
 * Envelope#extensions()}, as text. An id read from JSON was made by a client; {@code acceptedat} is
 * what the document says, and a bus overwrites it. An event without {@code time} happened when it
 * was read.
 *
 * <p>Data whose media type is JSON is carried as it stands, byte for byte; text as a string; all
 * else, and JSON that turns out to be none, as {@code data_base64}. Thread-safe.
 */
public final class CloudEventsJson {
    /** The media type of one event. */
    public static final String MEDIA_TYPE = "application/cloudevents+json";

    /** The media type of a batch. */
    public static final String BATCH_MEDIA_TYPE = "application/cloudevents-batch+json";

    private static final int TYPICAL_SIZE = 512;

    private final JsonFactory json = new JsonFactory();
    private final CloudEventReader reader;
    private final CloudEventWriter writer;

    /** The clock tells the time of an event that has none. */
    public CloudEventsJson(InstantSource clock) {
        this.reader = new CloudEventReader(json, clock);
        this.writer = new CloudEventWriter(json);
    }

    /**
     * Reads one event.
     *
     * @throws InvalidCloudEvent if the bytes are none
     */
    public Envelope read(byte[] document) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), document)) {
            parser.nextToken();
            ParsedEvent event = reader.read(parser, document);
            if (parser.nextToken() != null) {
                throw new InvalidCloudEvent(null, "expected one event, found more after it");
            }
            return valid(event);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /**
     * Reads a batch, of which every element must be an event.
     *
     * @throws InvalidCloudEvent if the bytes are no batch, or one of its elements is no event
     */
    public List<Envelope> readBatch(byte[] document) {
        List<ParsedEvent> events = readEach(document);
        List<Envelope> envelopes = new ArrayList<>(events.size());
        for (int i = 0; i < events.size(); i++) {
            switch (events.get(i)) {
                case ParsedEvent.Valid(Envelope envelope) -> envelopes.add(envelope);
                case ParsedEvent.Invalid(InvalidCloudEvent problem) ->
                        throw new InvalidCloudEvent(
                                problem.attribute(), "event " + i + ": " + problem.getMessage());
            }
        }
        return envelopes;
    }

    /**
     * Reads a batch whose elements are judged each by itself, in order.
     *
     * @throws InvalidCloudEvent if the bytes are no batch, that is, no JSON array
     */
    public List<ParsedEvent> readEach(byte[] document) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), document)) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw new InvalidCloudEvent(null, "expected a JSON array of events");
            }
            List<ParsedEvent> events = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                events.add(reader.read(parser, document));
            }
            if (parser.nextToken() != null) {
                throw new InvalidCloudEvent(null, "expected one array, found more after it");
            }
            return events;
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /** Writes one event. */
    public byte[] write(Envelope envelope) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(TYPICAL_SIZE);
        try (JsonGenerator generator = json.createGenerator(ObjectWriteContext.empty(), out)) {
            writer.write(envelope, generator, out);
        }
        return out.toByteArray();
    }

    /** Writes a batch. */
    public byte[] writeBatch(List<Envelope> envelopes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(TYPICAL_SIZE * envelopes.size());
        try (JsonGenerator generator = json.createGenerator(ObjectWriteContext.empty(), out)) {
            generator.writeStartArray();
            for (Envelope envelope : envelopes) {
                writer.write(envelope, generator, out);
            }
            generator.writeEndArray();
        }
        return out.toByteArray();
    }

    private static Envelope valid(ParsedEvent event) {
        return switch (event) {
            case ParsedEvent.Valid(Envelope envelope) -> envelope;
            case ParsedEvent.Invalid(InvalidCloudEvent problem) -> throw problem;
        };
    }

    private static InvalidCloudEvent malformed(JacksonException e) {
        return new InvalidCloudEvent(null, "malformed JSON: " + e.getOriginalMessage(), e);
    }
}
