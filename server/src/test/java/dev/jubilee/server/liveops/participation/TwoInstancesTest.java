package dev.jubilee.server.liveops.participation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.json.Json;
import dev.jubilee.server.liveops.participation.JoinResult.AlreadyJoined;
import dev.jubilee.server.liveops.participation.JoinResult.Joined;
import dev.jubilee.server.liveops.participation.LeaveResult.Left;
import dev.jubilee.server.testing.Platform;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/** Two instances on one database, players who ask both, and events with too little room. */
class TwoInstancesTest {
    @RegisterExtension static final Platform platform = new Platform();

    private static final int THREADS = 4;
    private static final ParticipationSettings SMALL_BATCHES =
            new ParticipationSettings(20, 10_000, Arena.PATIENT.patience());
    private static final List<Arena> instances = new ArrayList<>();

    /** What one caller asked, and was told. */
    private record Told(
            String eventId,
            String player,
            CompletableFuture<? extends ParticipationResult> answer) {
        ParticipationResult result() {
            return answer.join();
        }
    }

    @BeforeAll
    static void start() {
        instances.add(new Arena(platform, platform.clock(), SMALL_BATCHES));
        instances.add(new Arena(platform, platform.clock(), SMALL_BATCHES));
    }

    @AfterAll
    static void stop() {
        instances.forEach(Arena::close);
    }

    @Test
    void noPlaceIsGivenTwiceAndEveryAnswerAgreesWithTheTable() throws Exception {
        int rounds = 1_500;
        int capacity = 10;
        List<String> events = List.of("race-a", "race-b");
        Map<String, UUID> occurrences = open(events, capacity);
        try (ExecutorService callers = Executors.newFixedThreadPool(THREADS)) {
            for (int round = 0; round < rounds; round++) {
                instances.getFirst().empty(occurrences.values().toArray(UUID[]::new));
                Set<String> before = Set.of("p1", "p4", "p8");
                List<Told> settled = new ArrayList<>();
                for (String event : events) {
                    before.forEach(player -> settled.add(join(0, event, player)));
                }
                settled.forEach(Told::result);
                List<Told> told = race(callers, new Random(round), events, false);
                for (var event : occurrences.entrySet()) {
                    List<Told> here =
                            told.stream().filter(t -> t.eventId.equals(event.getKey())).toList();
                    check(round, here, before, event.getValue(), capacity);
                }
            }
        }
    }

    private static void check(
            int round, List<Told> told, Set<String> before, UUID occurrence, int capacity) {
        Arena arena = instances.getFirst();
        Set<String> in = new HashSet<>(arena.in(occurrence));
        assertThat(arena.counter(occurrence)).as("counter in round " + round).isEqualTo(in.size());
        assertThat(in).as("round " + round).hasSizeLessThanOrEqualTo(capacity).containsAll(before);
        Set<String> joined = new HashSet<>(before);
        for (Told one : told) {
            switch (one.result()) {
                case Joined(var place) ->
                        assertThat(joined.add(place.userId()))
                                .as(one.player + " joins once, in round " + round)
                                .isTrue();
                case AlreadyJoined(var place) -> assertThat(in).contains(place.userId());
                case JoinResult.Refused(var reason) -> {
                    assertThat(reason).isEqualTo(JoinResult.Reason.FULL);
                    assertThat(in).as("refused in round " + round).doesNotContain(one.player);
                    assertThat(in).hasSize(capacity);
                }
                case LeaveResult left -> throw new AssertionError(left);
            }
        }
        assertThat(joined).as("round " + round).isEqualTo(in);
    }

    @Test
    void leavingAndJoiningKeepTheCounterEqualToTheRowsAndTheStoriesStraight() throws Exception {
        int rounds = 400;
        int capacity = 12;
        List<String> events = List.of("swap-a", "swap-b");
        Map<String, UUID> occurrences = open(events, capacity);
        Map<String, Integer> balance = new HashMap<>();
        try (ExecutorService callers = Executors.newFixedThreadPool(THREADS)) {
            for (int round = 0; round < rounds; round++) {
                for (Told one : race(callers, new Random(round), events, true)) {
                    int change =
                            switch (one.result()) {
                                case Joined joined -> 1;
                                case Left(boolean wasIn) -> wasIn ? -1 : 0;
                                case AlreadyJoined already -> 0;
                                case JoinResult.Refused refused -> 0;
                                case LeaveResult.Refused refused -> throw new AssertionError(one);
                            };
                    balance.merge(one.eventId + " " + one.player, change, Integer::sum);
                }
                for (var event : occurrences.entrySet()) {
                    UUID occurrence = event.getValue();
                    List<String> in = instances.getFirst().in(occurrence);
                    assertThat(instances.getFirst().counter(occurrence))
                            .as("counter of " + event.getKey() + " in round " + round)
                            .isEqualTo(in.size())
                            .isLessThanOrEqualTo(capacity);
                    assertThat(in)
                            .as("round " + round)
                            .hasSameElementsAs(placed(balance, event.getKey()));
                }
            }
        }
        theOutboxTellsTheSame(balance);
    }

    /** Who is in, by what callers were told. */
    private static List<String> placed(Map<String, Integer> balance, String event) {
        List<String> players = new ArrayList<>();
        balance.forEach((who, places) -> {
            if (who.startsWith(event) && places > 0) {
                players.add(who.substring(event.length() + 1));
            }
        });
        return players;
    }

    /** For each player and event: joined, left, joined, … in the order of the outbox. */
    private static void theOutboxTellsTheSame(Map<String, Integer> balance) {
        Map<String, Integer> told = new HashMap<>();
        instances
                .getFirst()
                .database
                .read(connection -> {
                    try (Statement statement = connection.createStatement()) {
                        ResultSet row =
                                statement.executeQuery(
                                        "SELECT events FROM platform.outbox ORDER BY id");
                        while (row.next()) {
                            for (JsonNode event : Json.tree(row.getString(1))) {
                                JsonNode data = event.get("data");
                                String who =
                                        data.get("event_id").asString()
                                                + " "
                                                + data.get("user_id").asString();
                                boolean joined =
                                        event.get("type")
                                                .asString()
                                                .equals("liveops.participant.joined");
                                assertThat(told.merge(who, joined ? 1 : -1, Integer::sum))
                                        .as(who)
                                        .isBetween(0, 1);
                            }
                        }
                    }
                    return told;
                });
        balance.forEach((who, places) -> assertThat(told.getOrDefault(who, 0)).isEqualTo(places));
    }

    private static Map<String, UUID> open(List<String> events, int capacity) {
        Map<String, UUID> occurrences = new HashMap<>();
        for (String event : events) {
            UUID occurrence = instances.getFirst().open(event, capacity);
            instances.get(1).occurrences.refresh(occurrence);
            occurrences.put(event, occurrence);
        }
        return occurrences;
    }

    /** Callers on both instances, from a barrier, for the same players in an order of their own. */
    private static List<Told> race(
            ExecutorService callers, Random random, List<String> events, boolean leaving)
            throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(THREADS);
        List<Future<List<Told>>> running = new ArrayList<>();
        for (int caller = 0; caller < THREADS; caller++) {
            int instance = caller % 2;
            List<Runnable> asking = new ArrayList<>();
            List<Told> told = Collections.synchronizedList(new ArrayList<>());
            for (String event : events) {
                for (int player = 0; player < 14; player++) {
                    String name = "p" + player;
                    boolean leaves = leaving && random.nextInt(3) == 0;
                    asking.add(() ->
                            told.add(
                                    leaves
                                            ? leave(instance, event, name)
                                            : join(instance, event, name)));
                }
            }
            Collections.shuffle(asking, random);
            running.add(
                    callers.submit(() -> {
                        barrier.await();
                        asking.forEach(Runnable::run);
                        return told;
                    }));
        }
        List<Told> all = new ArrayList<>();
        for (Future<List<Told>> one : running) {
            all.addAll(one.get());
        }
        all.forEach(Told::result);
        return all;
    }

    private static Told join(int instance, String event, String player) {
        return new Told(
                event,
                player,
                instances
                        .get(instance)
                        .participations
                        .join(event, player, Participation.Type.MANUAL)
                        .toCompletableFuture());
    }

    private static Told leave(int instance, String event, String player) {
        return new Told(
                event,
                player,
                instances.get(instance).participations.leave(event, player).toCompletableFuture());
    }
}
