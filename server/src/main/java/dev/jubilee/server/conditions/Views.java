package dev.jubilee.server.conditions;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableMap;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.runtime.CelVariableResolver;
import dev.jubilee.server.players.Player;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** How the parts of a {@link Scope} look to CEL. */
final class Views {
    private static final MapType OBJECT = MapType.create(SimpleType.STRING, SimpleType.DYN);
    private static final StructType EVENT =
            struct(
                    "Event",
                    ImmutableMap.of(
                            "type", SimpleType.STRING,
                            "source", SimpleType.STRING,
                            "topic", SimpleType.STRING,
                            "time", SimpleType.TIMESTAMP,
                            "player_id", SimpleType.STRING));
    private static final StructType PLAYER =
            struct(
                    "Player",
                    ImmutableMap.of(
                            "id", SimpleType.STRING,
                            "level", SimpleType.INT,
                            "segment", SimpleType.STRING,
                            "attributes", OBJECT));

    /** Knows the fields of event and player, so that a misspelt one is refused when it is saved. */
    static final CelTypeProvider TYPES =
            new CelTypeProvider() {
                @Override
                public ImmutableCollection<CelType> types() {
                    return ImmutableList.of(EVENT, PLAYER);
                }

                @Override
                public Optional<CelType> findType(String name) {
                    return types().stream().filter(type -> type.name().equals(name)).findFirst();
                }
            };

    private Views() {}

    static CelType typeOf(Variable variable) {
        return switch (variable) {
            case EVENT -> EVENT;
            case PLAYER -> PLAYER;
            case DATA, PROGRESS -> SimpleType.DYN;
        };
    }

    static CelVariableResolver resolver(Scope scope) {
        return name -> Optional.ofNullable(resolve(scope, name));
    }

    private static @Nullable Object resolve(Scope scope, String name) {
        JsonNode data = scope.data();
        Player player = scope.player();
        Scope.EventView event = scope.event();
        Map<String, Double> progress = scope.progress();
        return switch (name) {
            case "event" -> event == null ? null : new EventFields(event);
            case "data" -> data == null ? null : JsonValues.of(data);
            case "player" -> player == null ? null : new PlayerFields(player);
            case "progress" -> progress == null ? null : new MetricValues(progress);
            default -> null;
        };
    }

    private static StructType struct(String name, ImmutableMap<String, CelType> fields) {
        return StructType.create(
                name, fields.keySet(), field -> Optional.ofNullable(fields.get(field)));
    }

    @SuppressWarnings("Immutable") // Used within one evaluation, during which nothing changes.
    private static final class EventFields extends Fields {
        private final Scope.EventView event;

        EventFields(Scope.EventView event) {
            super(EVENT);
            this.event = event;
        }

        @Override
        @Nullable Object field(String name) {
            return switch (name) {
                case "type" -> event.type();
                case "source" -> event.source();
                case "topic" -> event.topic();
                case "time" -> event.time();
                case "player_id" -> event.playerId();
                default -> null;
            };
        }
    }

    @SuppressWarnings("Immutable") // Used within one evaluation, during which nothing changes.
    private static final class PlayerFields extends Fields {
        private final Player player;

        PlayerFields(Player player) {
            super(PLAYER);
            this.player = player;
        }

        @Override
        @Nullable Object field(String name) {
            return switch (name) {
                case "id" -> player.userId();
                case "level" -> (long) player.level();
                case "segment" -> player.segment();
                case "attributes" -> JsonValues.of(player.attributes());
                default -> null;
            };
        }
    }
}
