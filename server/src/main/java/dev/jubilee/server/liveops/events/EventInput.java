package dev.jubilee.server.liveops.events;

import dev.jubilee.server.http.Input;
import dev.jubilee.server.liveops.rules.Config;
import dev.jubilee.server.liveops.rules.RulesReader;
import java.text.Normalizer;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads what people write of a live event. */
final class EventInput {
    static final List<String> TYPES = List.of("scheduled", "special", "dynamic", "emergency");
    private static final Pattern SLUG = Pattern.compile("[a-z0-9][a-z0-9_-]{0,49}");
    private static final Pattern CATEGORY = Pattern.compile("[a-z0-9][a-z0-9_-]{0,49}");
    private static final String DEFAULT_CATEGORY = "limited";
    private static final int MAX_NAME = 255;
    private static final int MAX_DESCRIPTION = 4_000;
    private static final int MAX_SLUG_OF_NAME = 40;

    private final RulesReader rules;
    private final int defaultParticipants;

    EventInput(RulesReader rules, int defaultParticipants) {
        this.rules = rules;
        this.defaultParticipants = defaultParticipants;
    }

    /**
     * A new live event.
     *
     * @param named whether its id was named, and so must not be changed to be free
     */
    record Creation(LiveEvent event, boolean named) {}

    Creation creation(Input input, String createdBy, Instant now) {
        String id = input.optionalText("event_id", 50);
        if (id != null && !id.isEmpty() && !SLUG.matcher(id).matches()) {
            input.reject(
                    "event_id",
                    "must be 1 to 50 lower case letters, digits, _ and -, the first a letter or"
                            + " digit");
        }
        String name = input.text("name", MAX_NAME);
        String description = input.optionalText("description", MAX_DESCRIPTION);
        String type = input.oneOf("event_type", TYPES);
        String category = category(input);
        String status = input.optionalOneOf("status", List.of("draft", "scheduled"));
        EventWindow window = EventWindow.read(input);
        int max = input.integer("max_participants", 1, Integer.MAX_VALUE, defaultParticipants);
        Config config = rules.read(input, null);
        input.check();
        return new Creation(
                new LiveEvent(
                        id == null ? slug(name) : id,
                        name,
                        description,
                        type,
                        category == null ? DEFAULT_CATEGORY : category,
                        "draft".equals(status) ? LiveEventStatus.DRAFT : LiveEventStatus.SCHEDULED,
                        window,
                        max,
                        0,
                        config,
                        1,
                        createdBy,
                        now,
                        now),
                id != null);
    }

    /**
     * A live event as it shall be after an update; what the body does not name stays.
     *
     * @param namesStatus whether it says what the status shall be, though it be the one it has
     * @param expectedVersion null expects none
     */
    record Update(LiveEvent event, boolean namesStatus, @Nullable Integer expectedVersion) {}

    Update update(Input body, LiveEvent before, Instant now) {
        String id = body.optionalText("event_id", 50);
        if (id != null && !id.equals(before.eventId())) {
            body.reject(
                    "event_id",
                    "must be that of the path, \"" + before.eventId() + "\", or absent");
        }
        Input wrapped = body.optionalInput("updates");
        Input input = wrapped == null ? body : wrapped;
        Long version = version(body, wrapped);
        String name = input.optionalText("name", MAX_NAME);
        String description = input.optionalText("description", MAX_DESCRIPTION);
        String type = input.optionalOneOf("event_type", TYPES);
        String category = category(input);
        String status = input.optionalOneOf("status", LiveEventStatus.texts());
        EventWindow window = EventWindow.read(input, before.window());
        int max = input.integer("max_participants", 1, Integer.MAX_VALUE, before.maxParticipants());
        Config config = rules.read(input, before.config());
        body.check();
        return new Update(
                new LiveEvent(
                        before.eventId(),
                        name == null ? before.name() : name,
                        description == null ? before.description() : description,
                        type == null ? before.eventType() : type,
                        category == null ? before.category() : category,
                        status == null ? before.status() : LiveEventStatus.of(status),
                        window,
                        max,
                        before.currentParticipants(),
                        config,
                        before.version() + 1,
                        before.createdBy(),
                        before.createdAt(),
                        now),
                status != null,
                version == null ? null : Math.toIntExact(version));
    }

    private static @Nullable Long version(Input body, @Nullable Input wrapped) {
        Long version = body.optionalInteger("version", 1, Integer.MAX_VALUE);
        return version != null || wrapped == null
                ? version
                : wrapped.optionalInteger("version", 1, Integer.MAX_VALUE);
    }

    private static @Nullable String category(Input input) {
        String category = input.optionalText("category", 50);
        if (category != null && !category.isEmpty() && !CATEGORY.matcher(category).matches()) {
            input.reject("category", "must be lower case letters, digits, _ and -");
        }
        return category;
    }

    /** An id from a name: {@code Boss Rush!} becomes {@code boss_rush}. */
    static String slug(String name) {
        String plain =
                Normalizer.normalize(name, Normalizer.Form.NFKD)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("\\p{M}", "")
                        .replaceAll("[^a-z0-9]+", "_")
                        .replaceAll("^_+|_+$", "");
        String cut = plain.substring(0, Math.min(plain.length(), MAX_SLUG_OF_NAME));
        return cut.isEmpty() ? "event" : cut;
    }
}
