package dev.jubilee.server.bus.replay;

import dev.jubilee.server.bus.search.EventView;
import dev.jubilee.server.bus.search.Span;
import dev.jubilee.server.bus.search.StoredEvent;
import dev.jubilee.server.bus.topics.TopicAction;
import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.json.Json;
import dev.jubilee.server.security.Access;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The HTTP face of replays. */
final class ReplayRoutes implements Routes {
    private static final int FILE_EVENTS = 5_000;
    private static final int FILE_BYTES = 8 << 20;
    private static final Set<Replay.Status> UNFINISHED =
            Set.of(Replay.Status.PENDING, Replay.Status.RUNNING, Replay.Status.PAUSED);

    private final Replays.Platform platform;
    private final ReplayStore store;

    ReplayRoutes(Replays.Platform platform, ReplayStore store) {
        this.platform = platform;
        this.store = store;
    }

    private record View(
            UUID replayId,
            String status,
            double progressPercent,
            @Nullable Long matched,
            long replayed,
            long skipped,
            @Nullable Long estimatedSecondsLeft,
            String topic,
            @Nullable String targetTopic,
            @Nullable String subscriptionId,
            String target,
            String source,
            boolean dryRun,
            Instant startTime,
            Instant endTime,
            JsonNode filter,
            @Nullable Integer ratePerSecond,
            @Nullable String error,
            String createdBy,
            Instant createdAt,
            @Nullable Instant startedAt,
            @Nullable Instant finishedAt) {
        static View of(Replay replay, Instant now) {
            return new View(
                    replay.replayId(),
                    replay.status().text(),
                    replay.progressPercent(),
                    replay.matched(),
                    replay.replayed(),
                    replay.skipped(),
                    replay.secondsLeft(now),
                    replay.topic(),
                    replay.kind() == Replay.Kind.SUBSCRIPTION ? null : replay.target(),
                    replay.kind() == Replay.Kind.SUBSCRIPTION ? replay.target() : null,
                    replay.kind().text(),
                    replay.source().text(),
                    replay.kind() == Replay.Kind.NONE,
                    replay.startTime(),
                    replay.endTime(),
                    Json.tree(replay.filter()),
                    replay.ratePerSecond(),
                    replay.error(),
                    replay.createdBy(),
                    replay.createdAt(),
                    replay.startedAt(),
                    replay.finishedAt());
        }
    }

    @Override
    public void on(Router router) {
        router.post("/replay", Access.OPERATOR, this::create)
                .get("/replay", Access.OPERATOR, this::list)
                .query("page", "limit")
                .get("/replay/{replay_id}/status", Access.OPERATOR, this::status)
                .get("/replay/{replay_id}/file", Access.OPERATOR, this::file)
                .query("cursor")
                .post("/replay/{replay_id}/pause", Access.OPERATOR, this::pause)
                .post("/replay/{replay_id}/resume", Access.OPERATOR, this::resume)
                .post("/replay/{replay_id}/cancel", Access.OPERATOR, this::cancel);
    }

    private Reply create(Call call) {
        // What was granted once is not judged anew: its topic may be gone by now.
        Optional<Reply> known = platform.idempotency().known(call);
        if (known.isPresent()) {
            return known.get();
        }
        Replay asked = NewReplay.read(call.input(), call.principal(), platform, platform.clock());
        // Everything that was accepted before the request belongs to it.
        awaitStore();
        Replay replay = whereItIs(asked);
        return platform.idempotency()
                .once(
                        call,
                        connection -> {
                            ReplayStore.insert(connection, replay);
                            platform.audit()
                                    .record(
                                            connection,
                                            call.principal(),
                                            "replay.create",
                                            replay.replayId().toString(),
                                            view(replay));
                            return Reply.accepted(view(replay))
                                    .with("Location", "/replay/" + replay.replayId() + "/status");
                        });
    }

    /** From Kafka, if something is to be sent and Kafka holds it all. */
    private Replay whereItIs(Replay asked) {
        boolean sends =
                asked.kind() == Replay.Kind.TOPIC || asked.kind() == Replay.Kind.SUBSCRIPTION;
        KafkaPositions held =
                sends
                        ? new KafkaRange(platform.admin(), platform.topics(), platform.database())
                                .of(asked)
                        : null;
        return held == null ? asked : asked.fromKafka(held);
    }

    private void awaitStore() {
        boolean passed;
        try {
            passed = platform.stored().get().join();
        } catch (CompletionException e) {
            throw Problem.unavailable(
                            "event_store_unavailable",
                            "Whether the event store holds everything cannot be told at the"
                                    + " moment.",
                            Duration.ofSeconds(1))
                    .asException();
        }
        if (!passed) {
            throw Problem.unavailable(
                            "event_store_behind",
                            "The event store has not come as far as Kafka yet; a replay now would"
                                    + " leave out what is on its way there.",
                            Duration.ofSeconds(1))
                    .asException();
        }
    }

    private View view(Replay replay) {
        return View.of(replay, platform.clock().instant());
    }

    private Reply list(Call call) {
        Page page = Page.of(call);
        return Reply.ok(
                Map.of(
                        "replays",
                        store.list(page.offset(), page.limit()).stream().map(this::view).toList(),
                        "total",
                        store.count(),
                        "page",
                        page.number(),
                        "limit",
                        page.limit()));
    }

    private Reply status(Call call) {
        return Reply.ok(view(find(call)));
    }

    private Replay find(Call call) {
        UUID id = id(call);
        return store.find(id)
                .orElseThrow(() -> Problem.notFound("replay", id.toString()).asException());
    }

    private static UUID id(Call call) {
        String text = call.path("replay_id");
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw Problem.notFound("replay", text).asException();
        }
    }

    private Reply pause(Call call) {
        return change(
                call,
                "replay.pause",
                Set.of(Replay.Status.PENDING, Replay.Status.RUNNING),
                Replay.Status.PAUSED);
    }

    private Reply resume(Call call) {
        return change(call, "replay.resume", Set.of(Replay.Status.PAUSED), Replay.Status.PENDING);
    }

    private Reply cancel(Call call) {
        return change(call, "replay.cancel", UNFINISHED, Replay.Status.CANCELLED);
    }

    private Reply change(Call call, String action, Set<Replay.Status> from, Replay.Status to) {
        UUID id = id(call);
        return platform.idempotency()
                .once(
                        call,
                        connection -> {
                            Replay now =
                                    ReplayStore.findForUpdate(connection, id)
                                            .orElseThrow(() ->
                                                    Problem.notFound("replay", id.toString())
                                                            .asException());
                            if (now.status() != to && !from.contains(now.status())) {
                                throw Problem.conflict(
                                                "replay_is_" + now.status().text(),
                                                "The replay is " + now.status().text() + ".")
                                        .asException();
                            }
                            if (now.status() == to) {
                                return Reply.ok(view(now));
                            }
                            boolean ends = to == Replay.Status.CANCELLED;
                            ReplayStore.setStatus(
                                    connection, id, to, ends ? platform.clock().instant() : null);
                            platform.audit()
                                    .record(
                                            connection,
                                            call.principal(),
                                            action,
                                            id.toString(),
                                            Map.of("was", now.status().text()));
                            Replay after =
                                    ReplayStore.find(connection, id)
                                            .orElseThrow(() ->
                                                    new IllegalStateException(
                                                            "the replay is gone"));
                            return Reply.ok(view(after));
                        });
    }

    /** A part of the events, one JSON object a line; the cursor leads to the next part. */
    private Reply file(Call call) {
        Replay replay = find(call);
        if (replay.kind() != Replay.Kind.FILE) {
            throw Problem.conflict("replay_has_no_file", "The replay was not asked for as a file.")
                    .asException();
        }
        UUID from = cursor(call, replay);
        List<String> closed = closedTo(call, replay);
        StoredRange.Part<List<StoredEvent>> part =
                new StoredRange(platform.database(), replay, closed).from(from, FILE_EVENTS + 1);
        List<StoredEvent> events = part.found();
        List<EventView> views = platform.views().of(events);
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        int written = 0;
        while (written < Math.min(events.size(), FILE_EVENTS) && lines.size() < FILE_BYTES) {
            lines.writeBytes(Json.bytes(views.get(written++)));
            lines.write('\n');
        }
        Reply reply =
                new Reply(200, "application/x-ndjson", lines.toByteArray(), Map.of())
                        .with(
                                "Content-Disposition",
                                "attachment; filename=\"replay-" + replay.replayId() + ".ndjson\"");
        UUID next = written == events.size() ? part.next() : events.get(written).id();
        return next == null ? reply : reply.with("X-Next-Cursor", next.toString());
    }

    /**
     * The topics that the file leaves out: it holds what both the caller and the maker of the
     * replay may read.
     */
    private List<String> closedTo(Call call, Replay replay) {
        List<String> closed = platform.topics().closedTo(call.principal(), TopicAction.READ);
        if (closed.contains(replay.topic())) {
            throw Problem.forbidden("The caller may not read \"" + replay.topic() + "\".")
                    .asException();
        }
        return closed;
    }

    /** Nothing from before the range: the maker did not ask for it. */
    private static UUID cursor(Call call, Replay replay) {
        UUID first = Span.floor(replay.startTime());
        String given = call.query("cursor");
        if (given == null) {
            return first;
        }
        try {
            UUID cursor = UUID.fromString(given);
            return Span.timeOf(cursor).isBefore(Span.timeOf(first)) ? first : cursor;
        } catch (IllegalArgumentException e) {
            throw Problem.invalid("cursor", "must be the X-Next-Cursor of an earlier answer")
                    .asException();
        }
    }
}
