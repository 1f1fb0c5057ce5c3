package dev.jubilee.server.liveops.events;

import dev.jubilee.server.audit.Audit;
import dev.jubilee.server.database.Timestamps;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.liveops.occurrences.Occurrence;
import dev.jubilee.server.liveops.rules.RulesReader;
import dev.jubilee.server.security.Principal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes and changes live events, for administrators. Each method works within the caller's
 * transaction, waits for others who write to the same event, and refuses by a {@link
 * dev.jubilee.server.http.ProblemException}. Thread-safe.
 */
final class LiveEvents {
    private static final int MAX_NAMESAKES = 100;

    private final LiveEventStore store;
    private final EventInput reader;
    private final OccurrenceWriter occurrences;
    private final Cancellation cancellation;
    private final Audit audit;
    private final InstantSource clock;
    private final LiveEventSettings settings;

    LiveEvents(
            RulesReader rules,
            Cancellation cancellation,
            Audit audit,
            InstantSource clock,
            LiveEventSettings settings) {
        this.store = new LiveEventStore(rules);
        this.reader = new EventInput(rules, settings.maxParticipants());
        this.occurrences = new OccurrenceWriter(clock, settings);
        this.cancellation = cancellation;
        this.audit = audit;
        this.clock = clock;
        this.settings = settings;
    }

    /**
     * What was done.
     *
     * @param touched the occurrences that changed
     */
    record Change(String eventId, List<UUID> touched) {}

    Change create(Connection connection, Principal who, Input body) throws SQLException {
        Instant now = now();
        EventInput.Creation creation = reader.creation(body, who.id(), now);
        LiveEventStore.serialize(connection, "");
        if (LiveEventStore.unfinished(connection) >= settings.maxEvents()) {
            throw Problem.conflict(
                            "too_many_events",
                            "There are "
                                    + settings.maxEvents()
                                    + " unfinished events already (MAX_EVENTS).")
                    .asException();
        }
        LiveEvent event = insert(connection, creation);
        LiveEventStore.writeRewards(connection, event);
        LiveEventAnnouncer.tell(connection, "created", event, now);
        audit.record(
                connection, who, "event.create", event.eventId(), Map.of("name", event.name()));
        return event.status() == LiveEventStatus.SCHEDULED
                ? schedule(connection, event, now)
                : new Change(event.eventId(), List.of());
    }

    Change update(Connection connection, Principal who, String eventId, Input body)
            throws SQLException {
        Locked locked = lock(connection, eventId);
        List<OccurrenceRow> runs = locked.runs();
        Instant now = locked.now();
        LiveEvent before = existing(eventId, store.lock(connection, eventId));
        EventInput.Update update = reader.update(body, before, now);
        Integer expected = update.expectedVersion();
        if (expected != null && expected != before.version()) {
            throw Problem.conflict(
                            "version_conflict",
                            "The event is at version "
                                    + before.version()
                                    + ", not "
                                    + expected
                                    + "; read it again.")
                    .asException();
        }
        LiveEvent after = update.event();
        if (after.status() != before.status()) {
            return transit(connection, who, before, after, locked);
        }
        Change change =
                switch (before.status()) {
                    case DRAFT -> {
                        write(connection, who, after, now);
                        yield new Change(eventId, List.of());
                    }
                    case SCHEDULED -> {
                        write(connection, who, after, now);
                        yield follow(connection, after, runs, now);
                    }
                    case ACTIVE -> extend(connection, who, before, after, locked);
                    case COMPLETED, CANCELLED -> {
                        if (!update.namesStatus()) {
                            throw finished(before);
                        }
                        // Whoever ends it once more is told that it is so.
                        RunningEdit.checkThatOnlyTheStatusChanges(before, after);
                        yield new Change(eventId, List.of());
                    }
                };
        return change;
    }

    /** Calls an event off; once more does nothing. */
    Change cancel(Connection connection, Principal who, String eventId) throws SQLException {
        Locked locked = lock(connection, eventId);
        LiveEvent event = existing(eventId, LiveEventStore.lockWithoutRules(connection, eventId));
        return event.status() == LiveEventStatus.CANCELLED
                ? new Change(eventId, List.of())
                : cancel(connection, who, event, locked.runs(), locked.now());
    }

    /** Ends the running occurrence now; one that has ended already stays as it is. */
    Change end(Connection connection, Principal who, String eventId) throws SQLException {
        Locked locked = lock(connection, eventId);
        LiveEvent event = existing(eventId, store.lock(connection, eventId));
        return end(connection, who, event, locked.runs(), locked.now());
    }

    private Change transit(
            Connection connection, Principal who, LiveEvent before, LiveEvent after, Locked locked)
            throws SQLException {
        List<OccurrenceRow> runs = locked.runs();
        Instant now = locked.now();
        if (!before.status().canBecome(after.status())
                || before.status() == LiveEventStatus.COMPLETED
                || (before.status() == LiveEventStatus.ACTIVE
                        && after.status() == LiveEventStatus.SCHEDULED)) {
            throw Problem.conflict(
                            "transition_not_possible",
                            "An event that is "
                                    + before.status().text()
                                    + " cannot become "
                                    + after.status().text()
                                    + ".")
                    .asException();
        }
        if (after.status().ends()) {
            RunningEdit.checkThatOnlyTheStatusChanges(before, after);
        }
        return switch (after.status()) {
            case CANCELLED -> cancel(connection, who, before, runs, now);
            case COMPLETED -> end(connection, who, before, runs, now);
            case SCHEDULED -> {
                write(connection, who, after, now);
                yield schedule(connection, after, now);
            }
            case ACTIVE -> startNow(connection, who, after, runs, now);
            case DRAFT -> throw new IllegalStateException("nothing becomes a draft again");
        };
    }

    private Change startNow(
            Connection connection,
            Principal who,
            LiveEvent event,
            List<OccurrenceRow> runs,
            Instant now)
            throws SQLException {
        EventWindow planned = event.window();
        Instant end = planned.end();
        Integer seconds = planned.seconds();
        if (end != null && seconds != null && !end.isAfter(now)) {
            end = now.plusSeconds(seconds);
        }
        EventWindow window = new EventWindow(now, end);
        if (window.isTooLong()) {
            throw Problem.invalid("end_time", EventWindow.TOO_LONG + ", which is now")
                    .asException();
        }
        LiveEvent started = event.as(LiveEventStatus.SCHEDULED, window, now);
        write(connection, who, started, now);
        for (OccurrenceRow occurrence : runs) {
            occurrences.follow(connection, occurrence, started);
            startAt(connection, occurrence.occurrenceId(), now);
            Transitions.activate(connection, occurrence.occurrenceId(), now);
        }
        return new Change(event.eventId(), ids(runs));
    }

    private static void startAt(Connection connection, UUID occurrenceId, Instant now)
            throws SQLException {
        try (PreparedStatement update =
                connection.prepareStatement(
                        "UPDATE liveops.occurrences SET starts_at = ? WHERE occurrence_id = ?")) {
            update.setObject(1, Timestamps.utc(now));
            update.setObject(2, occurrenceId);
            update.executeUpdate();
        }
    }

    private Change follow(
            Connection connection, LiveEvent event, List<OccurrenceRow> runs, Instant now)
            throws SQLException {
        for (OccurrenceRow occurrence : runs) {
            occurrences.follow(connection, occurrence, event);
            LiveEventAnnouncer.announce(connection, occurrence);
        }
        catchUp(connection, occurrences.lockUnfinished(connection, event.eventId()), now);
        return new Change(event.eventId(), ids(runs));
    }

    private Change extend(
            Connection connection, Principal who, LiveEvent before, LiveEvent after, Locked locked)
            throws SQLException {
        List<OccurrenceRow> running =
                locked.runs().stream()
                        .filter(occurrence -> occurrence.status() == Occurrence.Status.ACTIVE)
                        .toList();
        if (running.isEmpty()) {
            throw finished(before);
        }
        RunningEdit.check(before, after, locked.now());
        write(connection, who, after, locked.now());
        List<@Nullable Instant> planned = new ArrayList<>();
        for (OccurrenceRow occurrence : running) {
            Instant end = occurrences.extend(connection, occurrence, after);
            LiveEventAnnouncer.announce(connection, occurrence);
            if (!Objects.equals(end, occurrence.endsAt())) {
                planned.add(occurrence.endsAt());
            }
        }
        // Until this is committed, what comes after the planned end is passed over.
        Instant now = now();
        if (planned.stream().anyMatch(end -> end != null && !now.isBefore(end))) {
            throw finished(before);
        }
        return new Change(after.eventId(), ids(running));
    }

    private Change cancel(
            Connection connection,
            Principal who,
            LiveEvent event,
            List<OccurrenceRow> runs,
            Instant now)
            throws SQLException {
        if (event.status() == LiveEventStatus.COMPLETED) {
            throw finished(event);
        }
        for (OccurrenceRow occurrence : runs) {
            // What cannot be read can never be closed either.
            if (occurrence.status() == Occurrence.Status.CLOSING
                    && store.isReadable(connection, occurrence.occurrenceId())) {
                throw finished(event);
            }
        }
        for (OccurrenceRow occurrence : runs) {
            cancellation.of(connection, occurrence, now);
        }
        LiveEvent cancelled = event.as(LiveEventStatus.CANCELLED, event.window(), now);
        LiveEventStore.update(connection, cancelled);
        LiveEventAnnouncer.tell(connection, "cancelled", cancelled, now);
        audit.record(connection, who, "event.cancel", event.eventId(), Map.of());
        return new Change(event.eventId(), ids(runs));
    }

    private Change end(
            Connection connection,
            Principal who,
            LiveEvent event,
            List<OccurrenceRow> runs,
            Instant now)
            throws SQLException {
        List<OccurrenceRow> running =
                runs.stream()
                        .filter(occurrence -> occurrence.status() == Occurrence.Status.ACTIVE)
                        .toList();
        boolean ended =
                event.status() == LiveEventStatus.COMPLETED
                        || runs.stream()
                                .anyMatch(occurrence ->
                                        occurrence.status() == Occurrence.Status.CLOSING);
        if (running.isEmpty() && !ended) {
            throw Problem.conflict(
                            "event_not_active",
                            "Only an active event can be ended; this one is "
                                    + event.status().text()
                                    + ".")
                    .asException();
        }
        for (OccurrenceRow occurrence : running) {
            Instant ending = ending(occurrence);
            Transitions.close(connection, occurrence.occurrenceId(), ending, now);
            if (!ending.equals(event.window().end())) {
                EventWindow window = new EventWindow(event.window().start(), ending);
                LiveEventStore.update(connection, event.as(event.status(), window, now));
            }
            audit.record(
                    connection,
                    who,
                    "event.end",
                    event.eventId(),
                    Map.of("occurrence_id", occurrence.occurrenceId()));
        }
        return new Change(event.eventId(), ids(running));
    }

    private LiveEvent insert(Connection connection, EventInput.Creation creation)
            throws SQLException {
        LiveEvent event = creation.event();
        if (LiveEventStore.insert(connection, event)) {
            return event;
        }
        for (int n = 2; n <= MAX_NAMESAKES && !creation.named(); n++) {
            LiveEvent namesake = event.named(event.eventId() + "_" + n);
            if (LiveEventStore.insert(connection, namesake)) {
                return namesake;
            }
        }
        throw Problem.conflict(
                        "event_exists", "There is an event \"" + event.eventId() + "\" already.")
                .asException();
    }

    private Change schedule(Connection connection, LiveEvent event, Instant now)
            throws SQLException {
        OccurrenceRow occurrence = occurrences.insert(connection, event);
        LiveEventAnnouncer.tell(connection, "scheduled", occurrence, occurrence.endsAt(), now);
        catchUp(connection, List.of(occurrence), now);
        return new Change(event.eventId(), List.of(occurrence.occurrenceId()));
    }

    private void write(Connection connection, Principal who, LiveEvent event, Instant now)
            throws SQLException {
        LiveEventStore.update(connection, event);
        LiveEventStore.writeRewards(connection, event);
        LiveEventAnnouncer.tell(connection, "updated", event, now);
        audit.record(
                connection,
                who,
                "event.update",
                event.eventId(),
                Map.of("version", event.version(), "status", event.status().text()));
    }

    /**
     * What there is of an event, locked.
     *
     * @param now when it was: no earlier than the locks
     */
    private record Locked(List<OccurrenceRow> runs, Instant now) {}

    /** Locks what there is of an event, moved on to where the clock says it is. */
    private Locked lock(Connection connection, String eventId) throws SQLException {
        LiveEventStore.serialize(connection, eventId);
        List<OccurrenceRow> runs = occurrences.lockUnfinished(connection, eventId);
        Instant now = now();
        boolean moved = catchUp(connection, runs, now);
        return new Locked(moved ? occurrences.lockUnfinished(connection, eventId) : runs, now);
    }

    /**
     * Starts and ends what is due, as the clock will: an end that has passed is no longer moved,
     * since events have been passed over for it.
     */
    private static boolean catchUp(Connection connection, List<OccurrenceRow> runs, Instant now)
            throws SQLException {
        boolean moved = false;
        for (OccurrenceRow occurrence : runs) {
            boolean active = occurrence.status() == Occurrence.Status.ACTIVE;
            if (occurrence.status() == Occurrence.Status.SCHEDULED
                    && !occurrence.startsAt().isAfter(now)) {
                active = Transitions.activate(connection, occurrence.occurrenceId(), now);
                moved |= active;
            }
            Instant end = occurrence.endsAt();
            if (active && end != null && !end.isAfter(now)) {
                moved |= Transitions.close(connection, occurrence.occurrenceId(), end, now);
            }
        }
        return moved;
    }

    private static LiveEvent existing(String eventId, @Nullable LiveEvent event) {
        if (event == null) {
            throw Problem.notFound("event", eventId).asException();
        }
        return event;
    }

    private static dev.jubilee.server.http.ProblemException finished(LiveEvent event) {
        String how = event.status() == LiveEventStatus.ACTIVE ? "ended" : event.status().text();
        return Problem.conflict("event_finished", "The event is " + how + "; it stays as it is.")
                .asException();
    }

    private static List<UUID> ids(List<OccurrenceRow> runs) {
        return runs.stream().map(OccurrenceRow::occurrenceId).toList();
    }

    /** To the millisecond, as the bus stamps what events count by. */
    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    /** The first millisecond in which nothing was accepted before this moment, or its own end. */
    private Instant ending(OccurrenceRow occurrence) {
        Instant now = clock.instant().plusNanos(999_999).truncatedTo(ChronoUnit.MILLIS);
        Instant planned = occurrence.endsAt();
        return planned != null && planned.isBefore(now) ? planned : now;
    }
}
