package dev.jubilee.demo;

import dev.jubilee.bench.client.Answer;
import dev.jubilee.bench.client.Platform;
import dev.jubilee.bench.client.PlatformException;
import dev.jubilee.demo.GamePlan.Parcel;
import dev.jubilee.demo.GamePlan.Player;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The game itself, act by act; keeps the books. */
final class Game {
    static final String SECOND_PLACE = "second place";
    static final String TOO_YOUNG_BUT_IN = "too young but in";
    static final String IMPOSTOR_IN = "impostor in";
    static final String UNEARNED_PAID = "unearned paid";
    static final String TURNED_AWAY = "turned away";

    /** Longer than the resolution of any clock that stamps events. */
    private static final Duration A_MOMENT = Duration.ofMillis(3);

    private static final int IMPOSTORS = 20;

    private final Platform platform;
    private final GamePlan plan;
    private final LiveEvent event;
    private final GameServers servers;
    private final Books books;
    private final Stage stage;
    private final Map<String, String> tokens = new ConcurrentHashMap<>();

    Game(
            Platform platform,
            GamePlan plan,
            LiveEvent event,
            GameServers servers,
            Books books,
            Stage stage) {
        this.platform = platform;
        this.plan = plan;
        this.event = event;
        this.servers = servers;
        this.books = books;
        this.stage = stage;
    }

    /** Makes the players known, and gives each a token. */
    void prepare() {
        stage.each(
                "Players get a level and a token",
                plan.players(),
                player -> {
                    platform.put(
                                    "/users/" + player.id(),
                                    Map.of("level", player.level(), "segment", "demo"))
                            .expect("Describing a player");
                    tokens.put(player.id(), platform.token(player.id()));
                });
        stage.each("Kills before anyone has joined", plan.warmUp(), servers::publish);
    }

    /** Everyone tries to join; some twice at the same moment. */
    void join() {
        List<Player> rush = new ArrayList<>(plan.players());
        Collections.shuffle(rush, new Random(7));
        stage.each(
                "Players try to join",
                rush,
                player -> {
                    if (!player.joinsTwice()) {
                        joined(player, tryToJoin(player));
                        return;
                    }
                    CompletableFuture<Answer> other = aside(() -> tryToJoin(player));
                    Answer mine = tryToJoin(player);
                    joined(player, mine);
                    joined(player, other.join());
                });
        impostors();
    }

    private Answer tryToJoin(Player player) {
        return platform.postAs(token(player), "/events/" + event.id() + "/join", Map.of());
    }

    private void joined(Player player, Answer answer) {
        if (answer.ok()) {
            String id = answer.text("participation_id");
            String before = books.admitted(player.id(), id);
            if (before != null && !before.equals(id)) {
                books.tally(SECOND_PLACE);
            }
            if (!player.mayJoin()) {
                books.tally(TOO_YOUNG_BUT_IN);
            }
        } else if (answer.status() < 400 || answer.status() == 429 || answer.status() >= 500) {
            throw new PlatformException("A join was answered " + answer);
        } else {
            books.tally(TURNED_AWAY);
        }
    }

    /** Players who try to join in the name of the next. */
    private void impostors() {
        List<Player> players = plan.players();
        for (int i = 0; i < IMPOSTORS; i++) {
            Answer answer =
                    platform.postAs(
                            token(players.get(i)),
                            "/events/" + event.id() + "/join",
                            Map.of("user_id", players.get(i + 1).id()));
            if (answer.ok()) {
                books.tally(IMPOSTOR_IN);
            }
        }
    }

    /**
     * All matches, and at last the champions' last kills, one after the other.
     *
     * @param spread over how long the matches begin
     */
    void fight(List<Player> champions, Duration spread) {
        List<List<Parcel>> matches = plan.matches(champions);
        AtomicInteger turn = new AtomicInteger();
        long start = System.nanoTime();
        long gap = spread.toNanos() / matches.size();
        stage.each(
                "Matches are fought",
                matches,
                match -> {
                    pauseUntil(start + turn.getAndIncrement() * gap);
                    for (Parcel parcel : match) {
                        servers.publish(parcel);
                        books.count(parcel);
                    }
                });
        for (Parcel parcel : plan.finale(champions)) {
            servers.publish(parcel);
            books.count(parcel);
            pauseUntil(System.nanoTime() + A_MOMENT.toNanos());
        }
    }

    /** Ends the event, fights on in vain, and waits for the frozen ranking. */
    void end(List<Player> champions) {
        event.end();
        plan.tooLate(champions).forEach(servers::publish);
        event.await("completed");
    }

    /** Everyone who earned something claims it; some twice at the same moment. */
    void claim(List<Player> champions) {
        List<Runnable> claims = new ArrayList<>();
        for (Player player : plan.players()) {
            int kills = books.score(player.id()).kills();
            if (kills >= GamePlan.KILLS_FOR_MILESTONE) {
                claims.add(() -> claim(player, LiveEvent.MILESTONE));
            }
            if (kills >= GamePlan.KILLS_TO_FINISH) {
                claims.add(() -> claim(player, LiveEvent.FINISHER));
            }
        }
        for (Player champion : champions) {
            claims.add(() -> claim(champion, LiveEvent.PODIUM));
        }
        Collections.shuffle(claims, new Random(11));
        stage.each("Players claim what they earned", claims, Runnable::run);
        claimTheUnearned();
    }

    private void claim(Player player, String rewardId) {
        CompletableFuture<Answer> other =
                player.claimsTwice() ? aside(() -> tryToClaim(player, rewardId)) : null;
        claimed(player, rewardId, tryToClaim(player, rewardId));
        if (other != null) {
            claimed(player, rewardId, other.join());
        }
    }

    private Answer tryToClaim(Player player, String rewardId) {
        return platform.postAs(
                token(player),
                "/events/" + event.id() + "/rewards/claim",
                Map.of("reward_id", rewardId));
    }

    private void claimed(Player player, String rewardId, Answer answer) {
        if (answer.ok()) {
            books.paid(rewardId, player.id());
        } else if (answer.status() == 429 || answer.status() >= 500) {
            throw new PlatformException("A claim was answered " + answer);
        }
    }

    private void claimTheUnearned() {
        plan.players().stream()
                .filter(player -> books.score(player.id()).kills() < GamePlan.KILLS_FOR_MILESTONE)
                .limit(IMPOSTORS)
                .forEach(player -> {
                    if (tryToClaim(player, LiveEvent.MILESTONE).ok()) {
                        books.tally(UNEARNED_PAID);
                    }
                });
    }

    private String token(Player player) {
        String token = tokens.get(player.id());
        if (token == null) {
            throw new IllegalStateException(player.id() + " has no token");
        }
        return token;
    }

    private static CompletableFuture<Answer> aside(java.util.function.Supplier<Answer> call) {
        return CompletableFuture.supplyAsync(call, task -> Thread.ofVirtual().start(task));
    }

    private static void pauseUntil(long nanoTime) {
        long left = nanoTime - System.nanoTime();
        if (left <= 0) {
            return;
        }
        try {
            Thread.sleep(Duration.ofNanos(left));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException("Interrupted", e);
        }
    }
}
