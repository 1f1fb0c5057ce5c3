package dev.jubilee.server.http;

import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Principal;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How often one caller may call one route. A player is counted by its id, a key by the key's id, an
 * anonymous caller by its address. Each instance counts for itself. Thread-safe.
 */
public final class RateLimits {
    /** A number of requests in a window of time. */
    public record Rate(int requests, Duration window) {
        long interval() {
            return window.toNanos() / requests;
        }
    }

    /**
     * The rates in force; null is unlimited.
     *
     * @param reads of a player, for each route
     * @param writes of a player, for each route
     * @param publishing of a player
     * @param admin of an admin key, for each administrative route
     * @param service of a service or operator key, for each route
     * @param anonymous of one address, for each route
     */
    public record Settings(
            @Nullable Rate reads,
            @Nullable Rate writes,
            @Nullable Rate publishing,
            @Nullable Rate admin,
            @Nullable Rate service,
            @Nullable Rate anonymous) {

        /** No limits at all. */
        public static final Settings OFF = new Settings(null, null, null, null, null, null);

        /**
         * Reads {@code RATE_LIMIT_ENABLED}, {@code RATE_LIMIT_READS_PER_HOUR}, {@code
         * RATE_LIMIT_WRITES_PER_MINUTE}, {@code RATE_LIMIT_ADMIN_PER_HOUR}, {@code
         * RATE_LIMIT_SERVICE_PER_MINUTE}, {@code RATE_LIMIT_ANONYMOUS_PER_HOUR}, {@code
         * EVENT_BUS_RATE_LIMIT_EVENTS} and {@code EVENT_BUS_RATE_LIMIT_WINDOW}; 0 is unlimited.
         *
         * @param embedded whether the platform runs its own servers: a machine for trying things,
         *     on which anonymous callers are not limited
         */
        public static Settings from(SettingsReader settings, boolean embedded) {
            Duration minute = Duration.ofMinutes(1);
            Duration hour = Duration.ofHours(1);
            boolean enabled = settings.flag("RATE_LIMIT_ENABLED", true);
            Duration window =
                    settings.duration(
                            "EVENT_BUS_RATE_LIMIT_WINDOW",
                            minute,
                            Duration.ofSeconds(1),
                            Duration.ofDays(1));
            Settings read =
                    new Settings(
                            rate(settings, "RATE_LIMIT_READS_PER_HOUR", 1_000, hour),
                            rate(settings, "RATE_LIMIT_WRITES_PER_MINUTE", 10, minute),
                            rate(settings, "EVENT_BUS_RATE_LIMIT_EVENTS", 1_000, window),
                            rate(settings, "RATE_LIMIT_ADMIN_PER_HOUR", 0, hour),
                            rate(settings, "RATE_LIMIT_SERVICE_PER_MINUTE", 0, minute),
                            rate(
                                    settings,
                                    "RATE_LIMIT_ANONYMOUS_PER_HOUR",
                                    embedded ? 0 : 1_000,
                                    hour));
            return enabled ? read : OFF;
        }

        private static @Nullable Rate rate(
                SettingsReader settings, String name, int otherwise, Duration window) {
            int requests = settings.integer(name, otherwise, 0, 1_000_000_000);
            return requests == 0 ? null : new Rate(requests, window);
        }
    }

    private static final int BUCKETS = 1 << 15;

    private final Settings settings;
    private final LongSupplier nanoTime;
    private final long origin;
    private final RateTable table;
    private final long seed = new SecureRandom().nextLong();

    /**
     * @param nanoTime {@code System::nanoTime}, or a test's
     */
    public RateLimits(Settings settings, LongSupplier nanoTime) {
        this.settings = settings;
        this.nanoTime = nanoTime;
        this.origin = nanoTime.getAsLong();
        this.table = new RateTable(settings.equals(Settings.OFF) ? 1 : BUCKETS);
    }

    /**
     * Counts a request; null when it may pass, else the answer that refuses it.
     *
     * @param address of an anonymous caller
     */
    @Nullable Reply refuse(
            Router.Route route,
            Principal principal,
            Supplier<String> address,
            Supplier<String> correlationId) {
        Rate rate = rate(route, principal);
        if (rate == null) {
            return null;
        }
        String who = principal.equals(Principal.ANONYMOUS) ? address.get() : principal.id();
        long caller = hash(who, principal.role().name().hashCode(), route);
        long burst = rate.interval() * rate.requests();
        long now = nanoTime.getAsLong() - origin;
        long debt = table.take(caller, now, rate.interval(), burst);
        return debt >= 0 ? null : refusal(rate, Duration.ofNanos(-debt), correlationId.get());
    }

    private @Nullable Rate rate(Router.Route route, Principal principal) {
        if (route.limit() == Limit.NONE) {
            return null;
        }
        return switch (principal.role()) {
            case PLAYER ->
                    switch (route.limit()) {
                        case READ -> settings.reads();
                        case WRITE -> settings.writes();
                        case PUBLISH -> settings.publishing();
                        case NONE -> null;
                    };
            case ADMIN -> route.access() == Access.ADMIN ? settings.admin() : null;
            case SERVICE, OPERATOR -> settings.service();
            case ANONYMOUS -> settings.anonymous();
        };
    }

    private static Reply refusal(Rate rate, Duration wait, String correlationId) {
        Problem problem =
                Problem.tooManyRequests(
                        "At most "
                                + rate.requests()
                                + " requests in "
                                + rate.window().toSeconds()
                                + " s are allowed here.",
                        wait);
        Reply reply = Reply.problem(problem, correlationId);
        Map<String, String> headers = new LinkedHashMap<>(reply.headers());
        headers.put("RateLimit-Limit", Integer.toString(rate.requests()));
        headers.put("RateLimit-Remaining", "0");
        headers.put("RateLimit-Reset", Long.toString(Math.max(1, (wait.toMillis() + 999) / 1000)));
        headers.put("RateLimit-Policy", rate.requests() + ";w=" + rate.window().toSeconds());
        return new Reply(reply.status(), reply.contentType(), reply.body(), headers);
    }

    /** Seeded, so that nobody can choose ids that fall together. */
    private long hash(String who, int role, Router.Route route) {
        long hash = mix(seed ^ ((long) role << 32) ^ route.budget().hashCode());
        for (int i = 0; i < who.length(); i++) {
            hash = (hash ^ who.charAt(i)) * 0x9E37_79B9_7F4A_7C15L;
            hash ^= hash >>> 29;
        }
        return mix(hash) | 1;
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58_476D_1CE4_E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D0_49BB_1331_11EBL;
        return mixed ^ (mixed >>> 31);
    }
}
