package dev.jubilee.server;

import dev.jubilee.server.bus.BusSettings;
import dev.jubilee.server.config.ServerSettings;
import dev.jubilee.server.config.SettingsReader;
import dev.jubilee.server.credentials.CredentialSettings;
import dev.jubilee.server.database.ConnectionPool;
import dev.jubilee.server.http.HttpLimits;
import dev.jubilee.server.http.RateLimits;
import dev.jubilee.server.http.TrustedProxies;
import dev.jubilee.server.liveops.LiveOpsSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Every setting of the program, one record a feature. */
public record JubileeSettings(
        ServerSettings server,
        BusSettings bus,
        LiveOpsSettings liveOps,
        CredentialSettings credentials,
        HttpLimits busLimits,
        HttpLimits liveOpsLimits,
        RateLimits.Settings rateLimits,
        TrustedProxies proxies,
        Duration idempotencyRetention) {
    private static final Set<String> OF_THE_LAUNCHER =
            Set.of(
                    "JUBILEE_CONFIG",
                    "JUBILEE_POSTGRES_PORT",
                    "JUBILEE_KAFKA_PORT",
                    "JUBILEE_POSTGRES_PROGRAMS");

    /** The name of every setting, also of those that the command line reads before. */
    public static Set<String> names() {
        SettingsReader reader = new SettingsReader(Map.of());
        from(reader, true);
        Set<String> names = new TreeSet<>(reader.effective().keySet());
        names.addAll(OF_THE_LAUNCHER);
        return names;
    }

    /**
     * Reads them all.
     *
     * @param embedded whether the database belongs to this data folder alone
     * @throws dev.jubilee.server.config.InvalidSettingsException with every fault at once
     */
    public static JubileeSettings from(SettingsReader in, boolean embedded) {
        JubileeSettings settings =
                new JubileeSettings(
                        ServerSettings.from(in),
                        BusSettings.from(in, embedded),
                        LiveOpsSettings.from(in),
                        CredentialSettings.from(in),
                        HttpLimits.bus(in),
                        HttpLimits.liveops(in),
                        RateLimits.Settings.from(in, embedded),
                        TrustedProxies.from(in),
                        in.duration(
                                "JUBILEE_IDEMPOTENCY_RETENTION",
                                Duration.ofHours(24),
                                Duration.ofMinutes(1),
                                Duration.ofDays(30)));
        checkDatabase(settings.server(), in);
        in.check();
        return settings;
    }

    private static void checkDatabase(ServerSettings server, SettingsReader in) {
        String url = server.databaseUrl();
        if (url == null) {
            return;
        }
        try {
            ConnectionPool.Address.of(url, server.databaseUser(), server.databasePassword());
        } catch (IllegalArgumentException e) {
            in.fault(
                    "DATABASE_URL",
                    // The rest may hold a password, wherever that stands.
                    url.replaceAll("^([a-z:]*//)?.*", "$1…"),
                    "postgresql://user:password@host:port/database, or an address for JDBC; it "
                            + e.getMessage());
        }
    }
}
