# `nix develop` has what contrib/setup would otherwise install; `nix run` runs mcfs, built by nix.
{
  description = "Mounts a git-annex music library as folders that answer questions";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      # pyfuse3 needs the FUSE of Linux.
      forEachSystem =
        make:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: make nixpkgs.legacyPackages.${system});
      version = lib.head (
        builtins.match ".*__version__ = \"([^\"]+)\".*" (builtins.readFile ./mcfs/__init__.py)
      );
    in
    {
      packages = forEachSystem (pkgs: {
        default = pkgs.python313Packages.buildPythonApplication {
          pname = "mcfs";
          inherit version;
          pyproject = true;
          src = self;

          build-system = [ pkgs.python313Packages.hatchling ];
          dependencies = with pkgs.python313Packages; [
            alembic
            click
            google-re2
            jinja2
            lark
            mutagen
            pyfuse3
            rich
            sqlalchemy
            trio
            watchfiles
          ];

          # Last in PATH: the fusermount3 of the system is setuid, that of nix cannot be.
          makeWrapperArgs = [
            "--suffix"
            "PATH"
            ":"
            (lib.makeBinPath [
              pkgs.git
              pkgs.git-annex
              pkgs.fuse3
            ])
          ];

          # The tests mount, which a build may not do; contrib/test runs them.
          doCheck = false;
          pythonImportsCheck = [ "mcfs.cli" ];

          meta = {
            description = "Mounts a git-annex music library as folders that answer questions";
            license = lib.licenses.gpl3Plus;
            mainProgram = "mcfs";
            platforms = lib.platforms.linux;
          };
        };
      });

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.git
            pkgs.git-annex
            pkgs.pkg-config
            pkgs.python313
          ];
          buildInputs = [ pkgs.fuse3 ];

          # Wheels from pip need the C++ library of an ordinary system. (NixOS runs ruff, which is a
          # program in a wheel, only with programs.nix-ld.)
          LD_LIBRARY_PATH = lib.makeLibraryPath [ pkgs.stdenv.cc.cc.lib ];

          # Last in PATH, as above.
          shellHook = ''
            PATH=''${PATH//"${lib.getBin pkgs.fuse3}/bin:"/}:${lib.getBin pkgs.fuse3}/bin
          '';
        };
      });
    };
}
