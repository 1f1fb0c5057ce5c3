package dev.jubilee.events.redis;

import io.lettuce.core.RedisCommandExecutionException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What a server says of itself ({@code INFO}), as far as the promises of a bus rest on it.
 *
 * @param version such as {@code 7.0.15}; empty if it does not say
 * @param cluster whether it is one of a cluster
 * @param evicts its {@code maxmemory-policy} if it drops keys by it, else {@code noeviction}
 * @param appends whether it writes what it is told to its append-only file
 */
record ServerFacts(String version, boolean cluster, String evicts, boolean appends) {
    private static final int FIRST_VERSION = 7;

    /** Of the answer to {@code INFO}. */
    static ServerFacts of(String info) {
        Map<String, String> fields = new HashMap<>();
        info.lines()
                .forEach(line -> {
                    int colon = line.indexOf(':');
                    if (colon > 0) {
                        fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
                    }
                });
        boolean bounded = !fields.getOrDefault("maxmemory", "0").equals("0");
        return new ServerFacts(
                fields.getOrDefault("redis_version", ""),
                fields.getOrDefault("cluster_enabled", "0").equals("1"),
                bounded ? fields.getOrDefault("maxmemory_policy", "noeviction") : "noeviction",
                fields.getOrDefault("aof_enabled", "1").equals("1"));
    }

    /**
     * Refuses a server on which events cannot be stored, and warns of what makes them less safe.
     *
     * @throws IllegalArgumentException saying everything that has to change
     */
    static void requireForStreams(RedisLink link, RedisSettings settings, Logger log) {
        ServerFacts facts = ask(link, settings.address(), log);
        if (facts != null) {
            refuse("the bus", settings.address(), facts.againstStreams(settings.stream()));
            facts.riskyForStreams().forEach(risk -> log.warn("{}: {}", settings.address(), risk));
        }
    }

    /** As above, of a server on which an event store keeps everything. */
    static void requireForStore(RedisLink link, RedisAddress address, Logger log) {
        ServerFacts facts = ask(link, address, log);
        if (facts != null) {
            refuse("the event store", address, facts.againstStore());
            if (!facts.appends) {
                log.warn(
                        "{}: appendonly is no, so events that were saved are lost with the server",
                        address);
            }
            if (facts.evicts.startsWith("volatile")) {
                log.warn(
                        "{}: maxmemory-policy {} may drop the lease of a subscription",
                        address,
                        facts.evicts);
            }
        }
    }

    /** As above, of a server that is to pass events on. */
    static void requireForChannels(RedisLink link, RedisSettings settings, Logger log) {
        ServerFacts facts = ask(link, settings.address(), log);
        if (facts != null) {
            refuse("the bus", settings.address(), facts.againstChannels());
            if (facts.evictsAnything()) {
                log.warn(
                        "{}: maxmemory-policy {} may drop dead letters",
                        settings.address(),
                        facts.evicts);
            }
        }
    }

    private static @Nullable ServerFacts ask(RedisLink link, RedisAddress address, Logger log) {
        try {
            return of(link.shared().sync().info());
        } catch (RedisCommandExecutionException e) {
            log.warn(
                    "{} does not say how it is set up, so nobody knows whether it keeps events: {}",
                    address,
                    e.getMessage());
            return null;
        }
    }

    private static void refuse(String who, RedisAddress address, List<String> problems) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "%s cannot use the Redis at %s: %s"
                            .formatted(who, address, String.join("; ", problems)));
        }
    }

    List<String> againstChannels() {
        return cluster
                ? List.of("cluster-enabled is yes, and the bus needs a server that is no cluster's")
                : List.of();
    }

    List<String> againstStore() {
        List<String> problems = new ArrayList<>();
        if (cluster) {
            problems.add("cluster-enabled is yes, and it needs a server that is no cluster's");
        }
        if (isOlder()) {
            problems.add("it needs Redis 7 or newer, and this is " + version);
        }
        if (evictsAnything()) {
            problems.add(
                    "maxmemory-policy %s may drop events; it must be noeviction".formatted(evicts));
        }
        return problems;
    }

    List<String> againstStreams(String stream) {
        List<String> problems = new ArrayList<>(againstChannels());
        if (isOlder()) {
            problems.add("the bus needs Redis 7 or newer, and this is " + version);
        }
        if (evictsAnything()) {
            problems.add(
                    "maxmemory-policy %s may drop the stream %s with events that nobody has handled; it must be noeviction"
                            .formatted(evicts, stream));
        }
        return problems;
    }

    List<String> riskyForStreams() {
        List<String> risks = new ArrayList<>();
        if (!appends) {
            risks.add("appendonly is no, so events that were confirmed are lost with the server");
        }
        if (evicts.startsWith("volatile")) {
            risks.add(
                    "maxmemory-policy %s may drop the lease of a subscription, so that two programs handle its events"
                            .formatted(evicts));
        }
        return risks;
    }

    private boolean evictsAnything() {
        return evicts.startsWith("allkeys");
    }

    private boolean isOlder() {
        int dot = version.indexOf('.');
        try {
            return dot > 0 && Integer.parseInt(version, 0, dot, 10) < FIRST_VERSION;
        } catch (NumberFormatException e) { // a server of another make
            return false;
        }
    }
}
