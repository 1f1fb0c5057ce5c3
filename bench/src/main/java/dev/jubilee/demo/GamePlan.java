package dev.jubilee.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Who plays and what they do; the same for the same seed. Nothing here asks the platform, so that
 * what it counts can be held against it.
 */
final class GamePlan {
    static final int REQUIRED_LEVEL = 10;
    static final int KILLS_FOR_MILESTONE = 5;
    static final int KILLS_TO_FINISH = 10;
    static final int PODIUM = 10;

    /** The final scores of the best, with ties, one of them across the edge of the podium. */
    static final List<Integer> BEST = List.of(40, 38, 36, 36, 36, 33, 32, 31, 30, 30, 30, 29, 28);

    private static final int MOST_KILLS_OF_OTHERS = 24;
    private static final double MEAN_KILLS = 5;
    private static final int BATCH = 25;

    private final long seed;
    private final List<Player> players;
    private final int matches;

    /**
     * @param players how many try to join; at least 100
     * @param matches over how many matches they are spread
     */
    GamePlan(long seed, int players, int matches) {
        if (players < 100 || matches < 1) {
            throw new IllegalArgumentException(
                    "the game needs at least 100 players and one match, was given "
                            + players
                            + " and "
                            + matches);
        }
        this.seed = seed;
        this.matches = matches;
        Random random = new Random(seed);
        List<Player> all = new ArrayList<>(players);
        for (int i = 0; i < players; i++) {
            int level = i % 50 == 7 ? 1 + random.nextInt(9) : REQUIRED_LEVEL + random.nextInt(50);
            all.add(new Player("player-" + seed + "-" + i, level, i % 10 == 3, i % 8 == 5));
        }
        this.players = List.copyOf(all);
    }

    /** A player and its habits. */
    record Player(String id, int level, boolean joinsTwice, boolean claimsTwice) {
        boolean mayJoin() {
            return level >= REQUIRED_LEVEL;
        }
    }

    /** Something worth an event. */
    record Kill(Player player, boolean headshot) {}

    /** How a parcel of events is sent. */
    enum Form {
        /** One game event with an Idempotency-Key. */
        ONE,
        /** A batch whose events bring ids of their own. */
        OWN_IDS,
        /** A batch with an Idempotency-Key. */
        KEYED,
        /** A batch that the bus names; it must not be repeated. */
        PLAIN
    }

    /** Whether, and when, a parcel is sent a second time. */
    enum Repeat {
        NEVER,
        LATER,
        SAME_MOMENT
    }

    /** What a game server sends in one request. */
    record Parcel(String name, List<Kill> kills, Form form, Repeat repeat) {}

    List<Player> players() {
        return players;
    }

    /** How many may join: fewer than will try. */
    int capacity() {
        return players.size() * 4 / 5;
    }

    /** How many may claim the reward for finishing: fewer than will have earned it. */
    int finisherClaims() {
        return players.size() / 20;
    }

    /** Kills from before anyone could join: stored, and counted for nobody. */
    List<Parcel> warmUp() {
        Random random = new Random(seed + 1);
        List<Kill> kills = new ArrayList<>();
        for (int i = 0; i < players.size(); i += 17) {
            kills.add(new Kill(players.get(i), random.nextBoolean()));
        }
        return parcels("warmup", kills, random);
    }

    /** Of those who were admitted, in order of {@link #BEST}, who will have that score. */
    List<Player> champions(Set<String> admitted) {
        List<Player> pool =
                new ArrayList<>(players.stream().filter(p -> admitted.contains(p.id())).toList());
        Collections.shuffle(pool, new Random(seed + 2));
        return List.copyOf(pool.subList(0, Math.min(BEST.size(), pool.size())));
    }

    /** Every match, as the parcels that its server sends. Champions lack their last kill. */
    List<List<Parcel>> matches(List<Player> champions) {
        Random random = new Random(seed + 3);
        Map<String, Integer> best = new HashMap<>();
        for (int i = 0; i < champions.size(); i++) {
            best.put(champions.get(i).id(), BEST.get(i) - 1);
        }
        List<List<Kill>> fights = new ArrayList<>();
        for (int i = 0; i < matches; i++) {
            fights.add(new ArrayList<>());
        }
        for (int i = 0; i < players.size(); i++) {
            Player player = players.get(i);
            Integer planned = best.get(player.id());
            int kills = planned == null ? usual(random) : planned;
            for (int k = 0; k < kills; k++) {
                fights.get(i % matches).add(new Kill(player, random.nextInt(4) == 0));
            }
        }
        List<List<Parcel>> all = new ArrayList<>();
        for (int i = 0; i < matches; i++) {
            Collections.shuffle(fights.get(i), random);
            all.add(parcels("match-" + i, fights.get(i), random));
        }
        return all;
    }

    /** The last kill of each champion, in the order in which they will happen one by one. */
    List<Parcel> finale(List<Player> champions) {
        List<Player> order = new ArrayList<>(champions);
        Collections.shuffle(order, new Random(seed + 4));
        List<Parcel> all = new ArrayList<>();
        for (Player player : order) {
            List<Kill> kill = List.of(new Kill(player, true));
            all.add(new Parcel("finale-" + all.size(), kill, Form.ONE, Repeat.LATER));
        }
        return all;
    }

    /** Kills after the event's end: stored, and counted for nobody. */
    List<Parcel> tooLate(List<Player> champions) {
        List<Kill> kills = champions.stream().map(player -> new Kill(player, false)).toList();
        return parcels("late", kills, new Random(seed + 5));
    }

    private static int usual(Random random) {
        double kills = -Math.log(1 - random.nextDouble()) * MEAN_KILLS;
        return Math.min(MOST_KILLS_OF_OTHERS, (int) kills);
    }

    private static List<Parcel> parcels(String name, List<Kill> kills, Random random) {
        List<Parcel> parcels = new ArrayList<>();
        int from = 0;
        while (from < kills.size()) {
            Form form =
                    switch (random.nextInt(10)) {
                        case 0, 1 -> Form.ONE;
                        case 2, 3, 4, 5 -> Form.OWN_IDS;
                        case 6, 7 -> Form.KEYED;
                        default -> Form.PLAIN;
                    };
            int size = form == Form.ONE ? 1 : 1 + random.nextInt(BATCH);
            int to = Math.min(kills.size(), from + size);
            parcels.add(
                    new Parcel(
                            name + "-" + parcels.size(),
                            List.copyOf(kills.subList(from, to)),
                            form,
                            repeat(form, random)));
            from = to;
        }
        return parcels;
    }

    private static Repeat repeat(Form form, Random random) {
        if (form == Form.PLAIN) {
            return Repeat.NEVER;
        }
        return switch (random.nextInt(5)) {
            case 0 -> Repeat.LATER;
            case 1 -> Repeat.SAME_MOMENT;
            default -> Repeat.NEVER;
        };
    }
}
