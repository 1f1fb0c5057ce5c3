package dev.jubilee.server.bus.publish;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.json.CloudEventsHttp;
import dev.jubilee.events.json.CloudEventsJson;
import dev.jubilee.events.json.InvalidCloudEvent;
import dev.jubilee.events.json.MediaTypes;
import dev.jubilee.events.json.ParsedEvent;
import dev.jubilee.server.bus.store.StoredText;
import dev.jubilee.server.forwarding.ForwardedMarks;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Problem.FieldError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * CloudEvents in publish requests, binary, structured and batched. The topic is the extension
 * attribute {@code topic} of the event, or the query parameter of that name. Thread-safe.
 */
final class CloudEventItems {
    private static final String TOPIC = "topic";

    /** Extension attributes by which the bus tells its consumers what it knows itself. */
    private static final Set<String> OURS =
            Set.of("acceptedat", "idorigin", ForwardedMarks.REPLAY, ForwardedMarks.RELAY);

    private static final PayloadScan NOTHING_TO_SEE = new PayloadScan(null, PayloadOwner.NOBODY);
    private static final int MAX_EXTENSIONS = 16;

    private final CloudEventsJson json;
    private final CloudEventsHttp http;
    private final EventTypes types;
    private final EventReader reader;
    private final Publisher publisher;
    private final int maxEventBytes;

    CloudEventItems(Publisher publisher, EventReader reader, PublishSettings settings) {
        this.json = new CloudEventsJson(publisher::now);
        this.http = new CloudEventsHttp(publisher::now);
        this.types = new EventTypes(settings.families());
        this.reader = reader;
        this.publisher = publisher;
        this.maxEventBytes = settings.maxEventBytes();
    }

    boolean isOne(Call call) {
        return call.mediaType().equals(CloudEventsJson.MEDIA_TYPE);
    }

    boolean isBatch(Call call) {
        return call.mediaType().equals(CloudEventsJson.BATCH_MEDIA_TYPE);
    }

    /** Whether the attributes are in the headers. */
    boolean isBinary(Call call) {
        return call.header(CloudEventsHttp.MARK) != null;
    }

    /**
     * Reads an event whose attributes are in the headers.
     *
     * @throws dev.jubilee.server.http.ProblemException 422 when one of them is wrong
     */
    ParsedItem binary(Call call) {
        try {
            String type = call.mediaType().isEmpty() ? null : call.header("Content-Type");
            Map<String, String> attributes = call.headers(CloudEventsHttp.PREFIX);
            return item(http.read(attributes, type, call.body()), call.query(TOPIC));
        } catch (InvalidCloudEvent e) {
            throw refusal(e).asException();
        }
    }

    /**
     * Reads a body of one event.
     *
     * @throws dev.jubilee.server.http.ProblemException 400 when it is none
     */
    ParsedItem one(Call call) {
        try {
            return item(json.read(call.body()), call.query(TOPIC));
        } catch (InvalidCloudEvent e) {
            throw refusal(e).asException();
        }
    }

    /**
     * Reads a batch.
     *
     * @throws dev.jubilee.server.http.ProblemException 400 when it is none, 422 when it is empty or
     *     too long
     */
    List<ParsedItem> batch(Call call) {
        List<ParsedEvent> events;
        try {
            events = json.readEach(call.body());
        } catch (InvalidCloudEvent e) {
            throw refusal(e).asException();
        }
        EventReader.checkSize(events.size());
        List<ParsedItem> items = new ArrayList<>(events.size());
        for (ParsedEvent event : events) {
            items.add(
                    switch (event) {
                        case ParsedEvent.Valid(Envelope envelope) ->
                                item(envelope, call.query(TOPIC));
                        case ParsedEvent.Invalid(InvalidCloudEvent problem) ->
                                new ParsedItem.Refused(null, null, refusal(problem));
                    });
        }
        return items;
    }

    private static Problem refusal(InvalidCloudEvent invalid) {
        String message = invalid.getMessage() == null ? "is no CloudEvent" : invalid.getMessage();
        return invalid.attribute() == null
                ? Problem.malformed("The body is not valid CloudEvents JSON: " + message)
                : Problem.invalid(invalid.attribute(), message);
    }

    private ParsedItem item(Envelope read, @Nullable String defaultTopic) {
        Map<String, String> extensions = new HashMap<>(read.extensions());
        String own = extensions.remove(TOPIC);
        String topic = own == null ? defaultTopic : own;
        PayloadScan scan = scan(read);
        List<FieldError> faults = faults(read, extensions);
        if (scan.fault() != null) {
            faults.add(new FieldError("data", scan.fault()));
        }
        if (topic == null) {
            faults.add(
                    new FieldError(
                            TOPIC, "is required, as an extension attribute or a query parameter"));
        }
        if (topic == null || !faults.isEmpty()) {
            return new ParsedItem.Refused(read.id(), topic, Problem.invalid(faults));
        }
        if (read.data().length > maxEventBytes) {
            Problem problem =
                    Problem.tooLarge("An event may have " + maxEventBytes + " bytes at most.");
            return new ParsedItem.Refused(read.id(), topic, problem);
        }
        String subject = read.subject() == null ? scan.owner().player() : read.subject();
        String key = read.partitionKey() == null ? subject : read.partitionKey();
        Envelope event =
                read.toBuilder()
                        .acceptedAt(publisher.now())
                        .subject(subject)
                        .partitionKey(key == null ? scan.owner().key() : key)
                        .extensions(extensions)
                        .build();
        return new ParsedItem.Fit(new Publisher.Accepted(topic, event));
    }

    private List<FieldError> faults(Envelope event, Map<String, String> extensions) {
        List<FieldError> faults = new ArrayList<>(0);
        for (String name : extensions.keySet()) {
            if (OURS.contains(name)) {
                faults.add(new FieldError(name, "is the bus's own to set"));
            }
        }
        String typeFault = types.fault(event.type());
        if (typeFault != null) {
            faults.add(new FieldError("type", typeFault));
        }
        check(faults, "id", event.id(), StoredText.MAX_EVENT_ID);
        check(faults, "source", event.source(), StoredText.MAX_SOURCE);
        check(faults, "subject", event.subject(), StoredText.MAX_KEY);
        check(faults, "partitionkey", event.partitionKey(), StoredText.MAX_KEY);
        check(faults, "correlationid", event.correlationId(), StoredText.MAX_KEY);
        check(faults, "causationid", event.causationId(), StoredText.MAX_KEY);
        check(faults, "datacontenttype", event.contentType(), StoredText.MAX_CONTENT_TYPE);
        if (event.contentType().endsWith(StoredText.BASE64)) {
            faults.add(
                    new FieldError(
                            "datacontenttype",
                            "must not end in \""
                                    + StoredText.BASE64
                                    + "\": send bytes as they are, or as"
                                    + " data_base64"));
        }
        if (extensions.size() > MAX_EXTENSIONS) {
            faults.add(new FieldError("extensions", "must be at most " + MAX_EXTENSIONS));
        }
        extensions.forEach((name, value) -> check(faults, name, value, 1_000));
        return faults;
    }

    private PayloadScan scan(Envelope event) {
        boolean json = MediaTypes.isJson(event.contentType()) && event.data().length > 0;
        return json ? reader.scan(event.data()) : NOTHING_TO_SEE;
    }

    private static void check(
            List<FieldError> faults, String name, @Nullable String value, int max) {
        if (value != null && (value.isEmpty() || value.length() > max || !Utf8.isClean(value))) {
            faults.add(
                    new FieldError(
                            name, "must have 1 to " + max + " characters, none of them control"));
        }
    }
}
