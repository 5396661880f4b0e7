// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "warden/files.h"

namespace berth::warden {

// Where the warden keeps what. Names in it are checked names, never anything a client wrote freely.
struct Layout {
  path data;
  path run;

  path images() const { return data / "images"; }
  path image(const std::string& name) const { return images() / name; }
  path image_root(const std::string& name) const { return image(name) / "rootfs"; }
  path image_layer(const std::string& name) const { return image(name) / "layer"; }
  path templates() const { return data / "templates"; }
  path check_skeleton() const { return templates() / "check"; }
  path instances() const { return data / "instances"; }
  path instance(const std::string& id) const { return instances() / id; }
  path record(const std::string& id) const { return instance(id) / "instance.json"; }

  path socket() const { return run / "warden.sock"; }
  path runtime_state() const { return run / "runc"; }
  path agents() const { return run / "agents"; }
  path mount_keeper() const { return run / "keep"; }
  path networks() const { return run / "networks"; }  // private ones, by name
  path network(const std::string& name) const { return networks() / name; }
  path lock() const { return run / "lock"; }
  path forwarding() const { return run / "forwarding"; }  // links whose forwarding we switched on
  // Mount points used only in private copies of the mount table. Processes in an instance's user namespace walk to
  // them, so every folder above must be open to all (x).
  path lower(std::size_t number = 0) const { return run / ("stage/lower" + std::to_string(number)); }
  path root() const { return run / "stage/root"; }
};

}  // namespace berth::warden
