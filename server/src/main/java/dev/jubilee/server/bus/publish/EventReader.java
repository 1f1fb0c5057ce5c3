package dev.jubilee.server.bus.publish;

import dev.jubilee.events.Envelope;
import dev.jubilee.events.EventId;
import dev.jubilee.events.IdOrigin;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.security.Role;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads events from the JSON of publish requests, in one pass and without a tree. What is readable
 * as JSON but wrong as an event is refused by itself; a body that is no JSON, or names a field
 * twice, is refused as a whole. Thread-safe.
 */
final class EventReader {
    private static final byte[] EMPTY_OBJECT = {'{', '}'};
    private static final String GAME_SOURCE = "game";

    /** What an event is expected to be. */
    enum Kind {
        GENERIC,
        GAME,
        /** A game event when it has the fields of one, and neither a type nor a payload. */
        EITHER
    }

    private final JsonFactory json =
            JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private final EventTypes types;
    private final Publisher publisher;
    private final int maxEventBytes;

    EventReader(Publisher publisher, PublishSettings settings) {
        this.types = new EventTypes(settings.families());
        this.publisher = publisher;
        this.maxEventBytes = settings.maxEventBytes();
    }

    /**
     * Reads a body of one event.
     *
     * @throws dev.jubilee.server.http.ProblemException 400 when it is no JSON object
     */
    ParsedItem one(byte[] body, Kind kind, IdMaker ids) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw Problem.malformed("The body must be a JSON object.").asException();
            }
            ParsedItem item = item(parser, body, kind, ids, 0);
            mustEnd(parser);
            return item;
        } catch (JacksonException e) {
            throw Call.malformed(e);
        }
    }

    /**
     * Reads a batch: a list of events, or an object with such a list as {@code events}.
     *
     * @throws dev.jubilee.server.http.ProblemException 400 when it is neither, 422 when it is empty
     *     or too long
     */
    List<ParsedItem> batch(byte[] body, IdMaker ids) {
        try (JsonParser parser = json.createParser(ObjectReadContext.empty(), body)) {
            JsonToken first = parser.nextToken();
            List<ParsedItem> items;
            if (first == JsonToken.START_ARRAY) {
                items = items(parser, body, ids);
            } else if (first == JsonToken.START_OBJECT) {
                items = wrapped(parser, body, ids);
            } else {
                throw Problem.malformed(
                                "The body must be a list of events, or an object with such a list as"
                                        + " \"events\".")
                        .asException();
            }
            mustEnd(parser);
            checkSize(items.size());
            return items;
        } catch (JacksonException e) {
            throw Call.malformed(e);
        }
    }

    static void checkSize(int size) {
        if (size == 0 || size > PublishSettings.MAX_BATCH) {
            throw Problem.invalid(
                            "events",
                            "must have 1 to "
                                    + PublishSettings.MAX_BATCH
                                    + " entries, had "
                                    + (size == 0 ? "none" : "more"))
                    .asException();
        }
    }

    private List<ParsedItem> wrapped(JsonParser parser, byte[] body, IdMaker ids) {
        List<ParsedItem> items = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (!name.equals("events")) {
                throw Problem.invalid(name, "is not known here; known is events").asException();
            }
            if (value != JsonToken.START_ARRAY) {
                throw Problem.invalid("events", "must be a list").asException();
            }
            items = items(parser, body, ids);
        }
        return items == null ? List.of() : items;
    }

    private List<ParsedItem> items(JsonParser parser, byte[] body, IdMaker ids) {
        List<ParsedItem> items = new ArrayList<>(128);
        while (true) {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.END_ARRAY) {
                return items;
            }
            if (items.size() == PublishSettings.MAX_BATCH) {
                checkSize(items.size() + 1);
            }
            if (token == JsonToken.START_OBJECT) {
                items.add(item(parser, body, Kind.EITHER, ids, items.size()));
            } else {
                parser.skipChildren();
                Problem problem = Problem.invalid("event", "must be a JSON object");
                items.add(new ParsedItem.Refused(null, null, problem));
            }
        }
    }

    private ParsedItem item(JsonParser parser, byte[] body, Kind kind, IdMaker ids, int index) {
        long start = parser.currentTokenLocation().getByteOffset();
        EventDraft draft = new EventDraft(body, kind);
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            parser.nextToken();
            if (isTooLarge(parser, start)) {
                parser.skipChildren();
            } else {
                draft.read(name, parser);
            }
        }
        if (isTooLarge(parser, start)) {
            Problem problem =
                    Problem.tooLarge("An event may have " + maxEventBytes + " bytes at most.");
            return new ParsedItem.Refused(draft.eventId, draft.topic, problem);
        }
        return finish(draft, ids, index);
    }

    /** Of such an event nothing more is kept; the rest is passed over for those that follow it. */
    private boolean isTooLarge(JsonParser parser, long start) {
        return parser.currentLocation().getByteOffset() - start > maxEventBytes;
    }

    private ParsedItem finish(EventDraft draft, IdMaker ids, int index) {
        require(draft, "topic", draft.topic);
        if (ids.principal().role() == Role.PLAYER) {
            draft.actAs(ids.principal().id());
        }
        byte[] data = draft.isGame() ? finishGame(draft) : finishGeneric(draft);
        String type = draft.type;
        String topic = draft.topic;
        if (!draft.faults().isEmpty() || type == null || topic == null) {
            return new ParsedItem.Refused(
                    draft.eventId, draft.topic, Problem.invalid(draft.faults()));
        }
        String given = ids.of(draft.eventId, index);
        UUID made = publisher.nextId();
        // A server-made id carries the moment of acceptance, so that the id alone finds the row.
        Instant at = EventId.timeOf(made);
        String source = draft.source == null ? defaultSource(draft, ids) : draft.source;
        Envelope event =
                new Envelope(
                        given == null ? made.toString() : given,
                        type,
                        source,
                        subjectOf(draft),
                        keyOf(draft),
                        draft.timestamp == null ? at : draft.timestamp,
                        at,
                        Envelope.JSON,
                        data,
                        draft.correlationId,
                        draft.causationId,
                        draft.priority,
                        draft.replayable,
                        given == null ? IdOrigin.SERVER : IdOrigin.CLIENT,
                        java.util.Map.of());
        return new ParsedItem.Fit(new Publisher.Accepted(topic, event));
    }

    /** The caller's choice; else the player of whom the payload speaks. */
    private static @Nullable String subjectOf(EventDraft draft) {
        return draft.subject == null ? draft.payloadOwner.player() : draft.subject;
    }

    /** The caller's choice; else whom the event is about, or the session. */
    private static @Nullable String keyOf(EventDraft draft) {
        if (draft.key != null) {
            return draft.key;
        }
        return draft.subject == null ? draft.payloadOwner.key() : draft.subject;
    }

    private static String defaultSource(EventDraft draft, IdMaker ids) {
        if (!draft.isGame()) {
            return ids.principal().id();
        }
        return draft.serverId == null ? GAME_SOURCE : draft.serverId;
    }

    private byte[] finishGeneric(EventDraft draft) {
        require(draft, "event_type", draft.type);
        if (draft.type != null) {
            String fault = types.fault(draft.type);
            if (fault != null) {
                draft.fault("event_type", fault);
            }
        }
        if (draft.hasGameFields()) {
            draft.fault("event_type", "must not stand beside the fields of a game event");
        }
        byte[] payload = draft.payload;
        if (payload == null) {
            return EMPTY_OBJECT;
        }
        String fault;
        if (draft.payloadIsText) {
            PayloadScan scan = scan(payload);
            fault = scan.fault();
            draft.payloadOwner = scan.owner();
        } else {
            fault = encodingFault(payload);
        }
        if (fault != null) {
            draft.fault("payload", fault);
        }
        return payload;
    }

    private byte[] finishGame(EventDraft draft) {
        require(draft, "player_id", draft.playerId);
        require(draft, "action_type", draft.actionType);
        if (draft.actionType != null) {
            draft.type = "game." + draft.actionType;
            String fault = types.fault(draft.type);
            if (fault != null) {
                draft.fault("action_type", "makes the type " + draft.type + ", which " + fault);
            }
        }
        draft.subject = draft.subject == null ? draft.playerId : draft.subject;
        draft.key = draft.key == null ? draft.playerId : draft.key;
        byte[] data = draft.gameData();
        String fault = encodingFault(data);
        if (fault != null) {
            draft.fault("action_data", fault);
        }
        return data;
    }

    /** Looks at bytes that should be JSON. */
    PayloadScan scan(byte[] payload) {
        return PayloadScan.of(json, payload);
    }

    private static @Nullable String encodingFault(byte[] payload) {
        return Utf8.isWellFormed(payload) ? null : "must be well-formed UTF-8";
    }

    private static void require(EventDraft draft, String name, @Nullable String value) {
        // A field that is there but faulty reads as null too, and has its fault already.
        if (value == null && draft.faults().stream().noneMatch(f -> f.field().equals(name))) {
            draft.fault(name, "is required");
        }
    }

    private static void mustEnd(JsonParser parser) {
        if (parser.nextToken() != null) {
            throw Problem.malformed("The body must be one JSON value; found more after it.")
                    .asException();
        }
    }
}
