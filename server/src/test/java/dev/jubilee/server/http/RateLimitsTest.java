package dev.jubilee.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Principal;
import dev.jubilee.server.security.Role;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RateLimitsTest {
    private final AtomicLong time = new AtomicLong(-5_000);
    private final Router router =
            new Router()
                    .post("/join", Access.PLAYER, call -> Reply.noContent())
                    .post("/leave", Access.PLAYER, call -> Reply.noContent())
                    .get("/events", Access.ANYONE, call -> Reply.noContent())
                    .put("/events", Access.ADMIN, call -> Reply.noContent())
                    .get("/health", Access.ANYONE, call -> Reply.noContent())
                    .limit(Limit.NONE);
    private final Principal ann = new Principal("ann", Role.PLAYER);
    private final Principal bob = new Principal("bob", Role.PLAYER);

    private RateLimits limits(Map<String, String> given, boolean embedded) {
        SettingsReader reader = new SettingsReader(given);
        RateLimits.Settings settings = RateLimits.Settings.from(reader, embedded);
        reader.check();
        return new RateLimits(settings, time::get);
    }

    private @Nullable Reply ask(RateLimits limits, int route, Principal who) {
        return limits.refuse(router.routes().get(route), who, () -> "127.0.0.1", () -> "c");
    }

    private int allowed(RateLimits limits, int route, Principal who, int asked) {
        int allowed = 0;
        for (int i = 0; i < asked; i++) {
            allowed += ask(limits, route, who) == null ? 1 : 0;
        }
        return allowed;
    }

    @Test
    void aPlayerJoinsTenTimesAMinuteAndNoMore() {
        RateLimits limits = limits(Map.of(), true);
        assertThat(allowed(limits, 0, ann, 30)).isEqualTo(10);
        assertThat(allowed(limits, 0, bob, 30)).isEqualTo(10);
        assertThat(allowed(limits, 1, ann, 30)).isEqualTo(10);
        time.addAndGet(Duration.ofSeconds(6).toNanos());
        assertThat(allowed(limits, 0, ann, 30)).isEqualTo(1);
        time.addAndGet(Duration.ofMinutes(1).toNanos());
        assertThat(allowed(limits, 0, ann, 30)).isEqualTo(10);
    }

    @Test
    void anotherWayToSayTheSameIsNotAnotherBudget() {
        Router spellings =
                new Router()
                        .post("/join", Access.PLAYER, call -> Reply.noContent())
                        .sharing("join")
                        .put("/participants", Access.PLAYER, call -> Reply.noContent())
                        .sharing("join");
        RateLimits limits = limits(Map.of(), true);
        int allowed = 0;
        for (int i = 0; i < 30; i++) {
            Router.Route route = spellings.routes().get(i % 2);
            Reply refusal = limits.refuse(route, ann, () -> "127.0.0.1", () -> "c");
            allowed += refusal == null ? 1 : 0;
        }
        assertThat(allowed).isEqualTo(10);
    }

    @Test
    void aRefusalSaysWhenToComeBack() {
        RateLimits limits = limits(Map.of(), true);
        allowed(limits, 0, ann, 10);
        Reply refusal = Objects.requireNonNull(ask(limits, 0, ann));
        assertThat(refusal.status()).isEqualTo(429);
        assertThat(refusal.headers())
                .containsEntry("Retry-After", "6")
                .containsEntry("RateLimit-Limit", "10")
                .containsEntry("RateLimit-Remaining", "0")
                .containsEntry("RateLimit-Reset", "6");
    }

    @Test
    void readsAreLimitedByTheHour() {
        RateLimits limits = limits(Map.of(), true);
        assertThat(allowed(limits, 2, ann, 2_000)).isEqualTo(1_000);
        assertThat(allowed(limits, 4, ann, 2_000)).isEqualTo(2_000);
    }

    @Test
    void keysAreUnlimitedUntilASettingLimitsThem() {
        Principal admin = new Principal("k1", Role.ADMIN);
        Principal service = new Principal("k2", Role.SERVICE);
        RateLimits open = limits(Map.of(), true);
        assertThat(allowed(open, 3, admin, 5_000)).isEqualTo(5_000);
        assertThat(allowed(open, 0, service, 5_000)).isEqualTo(5_000);
        RateLimits closed =
                limits(
                        Map.of(
                                "RATE_LIMIT_ADMIN_PER_HOUR", "100",
                                "RATE_LIMIT_SERVICE_PER_MINUTE", "7"),
                        true);
        assertThat(allowed(closed, 3, admin, 500)).isEqualTo(100);
        assertThat(allowed(closed, 2, admin, 500)).isEqualTo(500);
        assertThat(allowed(closed, 0, service, 500)).isEqualTo(7);
    }

    @Test
    void anonymousCallersAreLimitedByAddressUnlessEmbedded() {
        assertThat(allowed(limits(Map.of(), true), 2, Principal.ANONYMOUS, 2_000)).isEqualTo(2_000);
        assertThat(allowed(limits(Map.of(), false), 2, Principal.ANONYMOUS, 2_000))
                .isEqualTo(1_000);
    }

    @Test
    void everythingCanBeSwitchedOff() {
        RateLimits limits = limits(Map.of("RATE_LIMIT_ENABLED", "false"), false);
        assertThat(allowed(limits, 0, ann, 5_000)).isEqualTo(5_000);
    }

    @Test
    void manyPlayersAreKeptApart() {
        RateLimits limits = limits(Map.of(), true);
        for (int i = 0; i < 100_000; i++) {
            assertThat(allowed(limits, 0, new Principal("player-" + i, Role.PLAYER), 1))
                    .isEqualTo(1);
        }
        assertThat(allowed(limits, 0, ann, 30)).isEqualTo(10);
    }

    @Test
    void aFullTableForgetsTheSmallestDebtAndRefusesNobodyWrongly() {
        RateTable table = new RateTable(1);
        for (long caller = 1; caller <= 8; caller++) {
            for (long i = 0; i < caller; i++) {
                assertThat(table.take(caller, 0, 10, 100)).isPositive();
            }
        }
        assertThat(table.take(99, 0, 10, 100)).isEqualTo(10);
        assertThat(table.take(8, 0, 10, 100)).isEqualTo(90);
    }
}
